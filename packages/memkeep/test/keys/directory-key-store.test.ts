import { chmodSync, chownSync, linkSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { testKeyStore } from '../../src/conformance/key-store.ts'
import { directoryKeyStore } from '../../src/keys/drivers/local.ts'
import { freshDirectory, refusalOf } from './key-place.ts'

const record = Buffer.from('record')

it('keeps the promises of a key store', async () => {
  await testKeyStore(async () => {
    const dir = join(freshDirectory(), 'store')
    return { store: directoryKeyStore({ dir }), again: directoryKeyStore({ dir }) }
  })
})

it('is a directory of mode 0700 with files of mode 0600, whatever the umask', async () => {
  const dir = join(freshDirectory(), 'deep', 'store')
  const umask = process.umask(0)
  const store = directoryKeyStore({ dir })
  await store.putIfAbsent('a/b/c', record).finally(() => process.umask(umask))
  await store.replace('a/d', record)
  expect(store.dir).toBe(dir)
  for (const path of ['', 'a', 'a/b']) expect(statSync(join(dir, path)).mode & 0o777).toBe(0o700)
  for (const path of ['a/b/c.json', 'a/d.json']) expect(statSync(join(dir, path)).mode & 0o777).toBe(0o600)
  expect(directoryKeyStore({ dir: `${dir}/../store/` }).dir).toBe(dir)
})

it('leaves no drafts, and no empty directories after a deletion', async () => {
  const dir = freshDirectory()
  const store = directoryKeyStore({ dir })
  await store.putIfAbsent('subject/1/1', record)
  await store.putIfAbsent('subject/1/1', record)
  await store.replace('subject/1/1', record)
  await store.putIfAbsent('subject/2', record)
  expect(readdirSync(dir, { recursive: true }).sort()).toEqual([
    'subject',
    'subject/1',
    'subject/1/1.json',
    'subject/2.json',
  ])
  await store.delete('subject/1/1')
  expect(readdirSync(dir, { recursive: true }).sort()).toEqual(['subject', 'subject/2.json'])
  await store.delete('subject/2')
  expect(readdirSync(dir)).toEqual([])
})

it('refuses a directory that others can enter', async () => {
  const dir = freshDirectory()
  for (const mode of [0o750, 0o710, 0o705, 0o701, 0o777]) {
    chmodSync(dir, mode)
    const store = directoryKeyStore({ dir })
    expect(await refusalOf(() => store.get('a'))).toBe('ERR_STORE_UNSAFE')
    expect(await refusalOf(() => store.putIfAbsent('a', record))).toBe('ERR_STORE_UNSAFE')
    expect(await refusalOf(() => store.list(''))).toBe('ERR_STORE_UNSAFE')
    chmodSync(dir, 0o700)
    expect(await refusalOf(() => store.get('a'))).toBe('success')
  }
  expect(readdirSync(dir)).toEqual([])
})

it.runIf(process.geteuid?.() === 0)('refuses a directory of another user', async () => {
  const dir = freshDirectory()
  chownSync(dir, 65_534, 0)
  await expect(directoryKeyStore({ dir }).get('a')).rejects.toMatchObject({
    code: 'ERR_STORE_UNSAFE',
    message: /another user/,
  })
})

it('never reads what a killed write left, and a deletion takes the second name of the record with it', async () => {
  const dir = freshDirectory()
  const store = directoryKeyStore({ dir })
  writeFileSync(join(dir, '.new-0011223344556677'), 'half a rec')
  mkdirSync(join(dir, 'a'))
  await store.putIfAbsent('a/b', record)
  linkSync(join(dir, 'a/b.json'), join(dir, '.new-8899aabbccddeeff'))
  writeFileSync(join(dir, 'stray'), 'x')
  expect(await store.list('')).toEqual(['a/b'])
  expect(await store.get('a/b')).toEqual(record)
  expect(await store.putIfAbsent('a/b', Buffer.from('other'))).toBe(false)
  await store.delete('a/b')
  expect(readdirSync(dir).sort()).toEqual(['.new-0011223344556677', 'stray'])
  expect(readFileSync(join(dir, '.new-0011223344556677'), 'utf8')).toBe('half a rec')
})

it('a failure of the file system is not taken for a missing record', async () => {
  const dir = freshDirectory()
  const store = directoryKeyStore({ dir })
  mkdirSync(join(dir, 'a.json'))
  expect(await refusalOf(() => store.get('a'))).toBe('EISDIR')
  expect(await refusalOf(() => store.replace('a', record))).toBe('EISDIR')
  expect(await store.putIfAbsent('a', record)).toBe(false)
  writeFileSync(join(dir, 'b'), '')
  expect(await refusalOf(() => store.putIfAbsent('b/c', record))).not.toBe('success')
  expect(readdirSync(dir).sort()).toEqual(['a.json', 'b'])
})
