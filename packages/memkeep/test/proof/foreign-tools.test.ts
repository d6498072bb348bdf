import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { goOn, hasGo, opensslOn } from './foreign-tools.ts'
import type { Files } from './mutations.ts'
import { sampleBundle } from './sample-ledger.ts'

let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'memkeep-bundle-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

/** The bundle with another text in one file. */
function edited(files: Files, path: string, from: string, to: string): Files {
  const text = Buffer.from(files.get(path)!).toString('latin1')
  expect(text).toContain(from)
  return new Map([...files, [path, Buffer.from(text.replace(from, to), 'latin1')]])
}

describe("openssl, by the README's own lines", () => {
  const check = (files: Files): number | null => opensslOn(directory, files)

  test('accepts the checkpoint', async () => {
    expect(check(await sampleBundle({ sizes: [300], opened: [], proofs: [] }))).toBe(0)
  })

  test('refuses another size', async () => {
    const files = await sampleBundle({ sizes: [300], opened: [], proofs: [] })
    expect(check(edited(files, 'checkpoint', '\n300\n', '\n301\n'))).toBe(1)
  })
})

describe.skipIf(!hasGo)("Go's x/mod/sumdb, by the README's own program", () => {
  const run = (files: Files) => goOn(directory, files)

  test('accepts a bundle, its consistency proofs and its inclusion proofs', async () => {
    const { status, output } = run(await sampleBundle())
    expect(output).toContain('the entries are those of the checkpoint')
    expect(output.match(/^consistent: /gm)).toHaveLength(3)
    expect(output.match(/^in the log: /gm)).toHaveLength(3)
    expect(status, output).toBe(0)
  })

  test('accepts what is left of a pruned one, and not with an event less than was kept, or one changed', async () => {
    const pruned = { minIndex: 512, sizes: [520, 600], opened: [], proofs: [0, 3, 530] }
    const { status, output } = run(await sampleBundle(pruned))
    expect(output).toContain('all that was kept is here: 2 entries before 512')
    expect(output.match(/^in the log: /gm)).toHaveLength(3)
    expect(status, output).toBe(0)
    const dropped = run(await sampleBundle({ ...pruned, kept: [0, 3, 4] }))
    expect(dropped).toMatchObject({ status: 1, output: expect.stringContaining('other entries were kept') })
    const changed = run(edited(await sampleBundle(pruned), 'tile/entries/002.p/88', '"seq":570', '"seq":571'))
    expect(changed).toMatchObject({ status: 1, output: expect.stringContaining('not those of the checkpoint: 570') })
  })

  test.each([
    ['checkpoint', '\n600\n', '\n599\n', 'invalid signature'],
    ['tile/entries/001', '"seq":300', '"seq":301', 'the entries are not those of the checkpoint'],
    ['proofs/256.tlog-proof', 'index 256', 'index 255', 'proofs/256.tlog-proof: '],
    ['consistency/256-300', 'old 256', 'old 100', 'consistency/256-300: '],
  ])('refuses another %s', async (path, from, to, message) => {
    const { status, output } = run(edited(await sampleBundle(), path, from, to))
    expect(output).toContain(message)
    expect(status).toBe(1)
  })
})
