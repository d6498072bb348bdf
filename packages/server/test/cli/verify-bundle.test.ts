import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { sampleBundle } from '../../../memkeep/test/proof/sample-ledger.ts'
import { scratchDirectory } from './deployment.ts'
import { mainHere as memkeep } from './main-here.ts'

const scratch = scratchDirectory()
afterAll(() => scratch.remove())

test('what is anchored, and what a witness saw, is told with how much of the log that is', async () => {
  for (const [path, bytes] of await sampleBundle()) {
    const file = scratch.path(`bundle/${path}`)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, bytes)
  }
  const { code, out } = await memkeep(['verify', scratch.path('bundle')])
  expect(code).toBe(0)
  expect(out).toContain('first 600 of 600 events anchored in memkeep.example/deployment at 2\n')
  expect(out).toContain('first 600 of 600 events seen by ')
})

test('a file that is larger than any good one is named, and not read', async () => {
  for (const path of ['tile/0/000', 'tile/entries/000', 'checkpoint', 'bundle.json']) {
    const file = scratch.path(`bundle/${path}`)
    const bytes = readFileSync(file)
    truncateSync(file, 2 ** 32)
    const { code, out, err } = await memkeep(['verify', scratch.path('bundle')])
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(err).toContain(`${path}: it is larger than such a file can be (ERR_PROOF_INVALID)`)
    writeFileSync(file, bytes)
  }
  expect(await memkeep(['verify', scratch.path('bundle')])).toMatchObject({ code: 0 })
})
