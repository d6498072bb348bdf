import { execFile } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { testKeyProvider } from '../../src/conformance/key-provider.ts'
import { localKeys } from '../../src/keys/drivers/local.ts'
import { freshDirectory, refusalOf } from './key-place.ts'

const key = Buffer.alloc(32, 9)
const context = Buffer.from('context')

it('keeps the promises of a key provider', async () => {
  const directory = freshDirectory()
  const [file, other] = [join(directory, 'one.key'), join(directory, 'other.key')]
  await testKeyProvider(async () => ({
    provider: localKeys({ file }),
    again: localKeys({ file }),
    other: localKeys({ file: other }),
  }))
})

it('the first wrap makes the file, with mode 0600 whatever the umask, and leaves no draft', async () => {
  const directory = freshDirectory()
  const file = join(directory, 'below', 'root.key')
  const umask = process.umask(0)
  await localKeys({ file })
    .wrap(key, context)
    .finally(() => process.umask(umask))
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(statSync(join(directory, 'below')).mode & 0o777).toBe(0o700)
  expect(readdirSync(join(directory, 'below'))).toEqual(['root.key'])
  const text = readFileSync(file, 'latin1')
  expect(text).toMatch(/^memkeep root key 1\n[0-9a-f]{64}\n$/)
  await localKeys({ file }).wrap(key, context)
  expect(readFileSync(file, 'latin1')).toBe(text)
})

it('the first wrap after a killed one removes the second name of the key, and nothing else', async () => {
  const directory = freshDirectory()
  const file = join(directory, 'root.key')
  await localKeys({ file: join(directory, 'other.key') }).wrap(key, context)
  const provider = localKeys({ file })
  await provider.wrap(key, context)
  linkSync(file, `${file}.new-0011223344556677`)
  linkSync(file, join(directory, 'backup.key'))
  writeFileSync(`${file}.new-8899aabbccddeeff`, 'half a ke')
  await provider.wrap(key, context)
  expect(readdirSync(directory).sort()).toEqual([
    'backup.key',
    'other.key',
    'root.key',
    'root.key.new-8899aabbccddeeff',
  ])
})

it('of processes that make it at once, one makes it', async () => {
  const directory = freshDirectory(tmpdir())
  const roots = 100
  const program = fileURLToPath(new URL('root-key-child.ts', import.meta.url))
  const order = JSON.stringify({ directory, roots, startAtMs: Date.now() + 1000, everyMs: 10 })
  const run = () => promisify(execFile)(process.execPath, ['--conditions=memkeep-src', program, order])
  for (const { stdout } of await Promise.all([run(), run(), run()])) {
    const results = JSON.parse(stdout) as { id: string; wrapped: string }[]
    for (const [n, { id, wrapped }] of results.entries()) {
      const provider = localKeys({ file: join(directory, `${n}.key`) })
      expect(id).toBe(provider.id)
      expect(await provider.unwrap(Buffer.from(wrapped, 'hex'), context)).toEqual(key)
    }
  }
  expect(readdirSync(directory).length).toBe(roots)
})

it('unwrap and id never make the file', async () => {
  const file = join(freshDirectory(), 'root.key')
  const provider = localKeys({ file })
  expect(await refusalOf(() => provider.id)).toBe('ERR_KEY_UNAVAILABLE')
  expect(await refusalOf(() => provider.unwrap(Buffer.alloc(60), context))).toBe('ERR_KEY_UNAVAILABLE')
  expect(existsSync(file)).toBe(false)
})

it('two roots never share a key, and an id tells nothing of it', async () => {
  const directory = freshDirectory()
  const texts = []
  for (const name of ['a', 'b']) {
    const provider = localKeys({ file: join(directory, name) })
    await provider.wrap(key, context)
    const text = readFileSync(join(directory, name), 'latin1')
    expect(provider.id).toMatch(/^local-[0-9a-f]{16}$/)
    expect(text).not.toContain(provider.id.slice(6))
    texts.push(text)
  }
  expect(texts[0]).not.toBe(texts[1])
})

it('refuses a file that others can read or write, and takes it again when they cannot', async () => {
  const file = join(freshDirectory(), 'root.key')
  const provider = localKeys({ file })
  const wrapped = await provider.wrap(key, context)
  for (const mode of [0o640, 0o620, 0o610, 0o604, 0o602, 0o601, 0o666]) {
    chmodSync(file, mode)
    await expect(provider.unwrap(wrapped, context)).rejects.toMatchObject({ code: 'ERR_STORE_UNSAFE' })
    expect(await refusalOf(() => provider.wrap(key, context))).toBe('ERR_STORE_UNSAFE')
    expect(await refusalOf(() => provider.id)).toBe('ERR_STORE_UNSAFE')
  }
  for (const mode of [0o600, 0o400]) {
    chmodSync(file, mode)
    expect(await provider.unwrap(wrapped, context)).toEqual(key)
  }
})

it('looks at the file itself, not at a link to it', async () => {
  const directory = freshDirectory()
  const provider = localKeys({ file: join(directory, 'link') })
  symlinkSync(join(directory, 'root.key'), join(directory, 'link'))
  const wrapped = await localKeys({ file: join(directory, 'root.key') }).wrap(key, context)
  expect(await provider.unwrap(wrapped, context)).toEqual(key)
  chmodSync(join(directory, 'root.key'), 0o644)
  expect(await refusalOf(() => provider.unwrap(wrapped, context))).toBe('ERR_STORE_UNSAFE')
})

it.runIf(process.geteuid?.() === 0)('refuses a file of another user', async () => {
  const file = join(freshDirectory(), 'root.key')
  const provider = localKeys({ file })
  const wrapped = await provider.wrap(key, context)
  chownSync(file, 65_534, 0)
  await expect(provider.unwrap(wrapped, context)).rejects.toMatchObject({
    code: 'ERR_STORE_UNSAFE',
    message: /another user/,
  })
})

it('refuses what is no root key, and leaves it alone', async () => {
  const directory = freshDirectory()
  const file = join(directory, 'root.key')
  const whole = `memkeep root key 1\n${'ab'.repeat(32)}\n`
  for (const text of [
    '',
    whole.slice(0, -1),
    whole.slice(0, -2),
    `${whole}\n`,
    whole.replace('1', '2'),
    whole.toUpperCase(),
  ]) {
    writeFileSync(file, text, { mode: 0o600 })
    expect(await refusalOf(() => localKeys({ file }).unwrap(Buffer.alloc(60), context))).toBe('ERR_STORE_UNSAFE')
    expect(await refusalOf(() => localKeys({ file }).wrap(key, context))).toBe('ERR_STORE_UNSAFE')
    expect(readFileSync(file, 'latin1')).toBe(text)
  }
  writeFileSync(file, whole)
  expect(await refusalOf(() => localKeys({ file }).wrap(key, context))).toBe('success')
})

it('a place where no file can be is refused', async () => {
  const directory = freshDirectory()
  writeFileSync(join(directory, 'file'), '')
  const provider = localKeys({ file: join(directory, 'file', 'root.key') })
  expect(await refusalOf(() => provider.id)).toBe('ERR_KEY_UNAVAILABLE')
  expect(await refusalOf(() => provider.wrap(key, context))).not.toBe('success')
})
