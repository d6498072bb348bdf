import { execFileSync } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import type { Keep } from '../../src/index.ts'
import { mintGrant } from '../../src/trust.ts'
import { codeOf } from '../support/code-of.ts'
import { adminOf, finished } from '../support/erasing.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { keysAt } from '../support/keys-at.ts'
import { TestKeep } from '../support/test-keep.ts'
import { copiedRow } from './copied-row.ts'
import { makingAnew } from './erasing-with.ts'

// Keys of their own that versions have: no row that somebody plants deletes another key, a restored key store's are deleted again, and a restored database's
// versions without a key keep nobody from reading the others. Each test has a tenant of its own.

let store: TestKeep
beforeAll(async () => {
  store = await TestKeep.start(makingAnew)
})
afterAll(() => store?.[Symbol.asyncDispose]())

const roles = ['admin']
const memoryOf = (tenant: string, subject: string, keep?: Keep) => store.memory({ tenant, subject, roles }, keep)
const shared = (tenant: string, keep?: Keep) => store.common({ tenant, roles }, keep).artifacts
const tenants = new Set<string>()
const said = async (tenant: string, subject: string, content: string) => {
  if (!tenants.has(tenant)) await store.createTenant(tenant)
  tenants.add(tenant)
  return (await memoryOf(tenant, subject).add(content, { actor: 'user' })).id
}
const keyNames = async () =>
  (await keysAt(store.keyDir).keyStore.list('')).filter((name) => !/^(guard|deployment)\//.test(name))
const query = (text: string, values: unknown[] = []) => store.database.query<Record<string, unknown>>(text, values)
const shelfOf = async () =>
  (
    await query(
      `select tenant, subject, epoch from memkeep.shelf where subject <> '\\x00000000000000000000000000000000' order by created_ms desc, xmin::text::bigint desc limit 1`,
    )
  )[0]!

interface Note {
  readonly tenant: unknown
  readonly seal: unknown
  readonly action: number
  readonly cause?: string
}

async function plant({ tenant, seal, action, cause = randomUUID() }: Note): Promise<void> {
  await query(
    `insert into memkeep.unlearned (tenant, subject, cause, artifact, kind, action, seal, epoch, at_ms)
      values ($1, '\\x00000000000000000000000000000000', $2, $3, 'summary', $4, $5, 1, 0)`,
    [tenant, cause, randomUUID(), action, seal],
  )
  onTestFinished(() => void query('delete from memkeep.unlearned'))
}

test.each([
  ['that names a living subject', 6, (shelf: Record<string, unknown>) => shelf.subject],
  ['without a seal', 6, () => null],
  ['without a seal, of the library', 7, () => null],
])(
  'a planted note of an ended version %s deletes no key, is told of, and keeps upkeep from nothing',
  async (how, action, seal) => {
    const tenant = `planted ${how}`
    await said(tenant, 'vic', 'alive')
    const shelf = await shelfOf()
    const before = await keyNames()
    await plant({ tenant: shelf.tenant, action, seal: seal(shelf) })
    expect(await codeOf(store.keep.runUpkeep())).toBe('ERR_SEAL_BROKEN')
    expect(await keyNames()).toEqual(before)
    await using keep = await store.open()
    expect((await memoryOf(tenant, 'vic', keep).list()).items).toMatchObject([{ content: 'alive' }])
  },
)

test('a planted note that names the key of a version that can be read deletes nothing', async () => {
  const tea = await said('standing', 'ben', 'tea')
  const { id } = await shared('standing').register({ kind: 'summary', content: 'tea', derivedFrom: [tea] })
  const [row] = await query('select tenant, seal from memkeep.artifact where id = $1', [id])
  await plant({ tenant: row!.tenant, seal: row!.seal, action: 6 })
  expect(await codeOf(store.keep.runUpkeep())).toBe('ERR_SEAL_BROKEN')
  await using keep = await store.open()
  expect(await shared('standing', keep).get(id)).toMatchObject({ content: 'tea' })
})

test('an erasure deletes no neighbour’s key on the word of a planted note', async () => {
  await said('neighbours', 'neighbour', 'alive')
  const { tenant, subject } = await shelfOf()
  const tea = await said('neighbours', 'ben', 'tea')
  const { id } = await shared('neighbours').register({ kind: 'summary', content: 'tea', derivedFrom: [tea] })
  const [row] = await query('select seal from memkeep.artifact where id = $1', [id])
  await said('neighbours', 'ana', 'to go')
  const erasure = await store.keep.eraseSubject(adminOf('ana', 'neighbours'), { reason: 'request' })
  await plant({ tenant, seal: subject, action: 0, cause: erasure.id })
  await plant({ tenant, seal: row!.seal, action: 1, cause: erasure.id })
  await finished(store, erasure)
  await using keep = await store.open()
  expect((await memoryOf('neighbours', 'neighbour', keep).list()).items).toMatchObject([{ content: 'alive' }])
  expect(await shared('neighbours', keep).get(id)).toMatchObject({ content: 'tea' })
}, 60_000)

test('a key that a restored key store brought back goes with the next erasure, and with it no key of what stands', async () => {
  const [tea, secret] = [await said('restored', 'ben', 'tea'), await said('restored', 'ana', 'FROTZ-3381')]
  const { id } = await shared('restored').register({
    kind: 'summary',
    content: 'FROTZ-3381',
    derivedFrom: [tea, secret],
  })
  const other = await shared('restored').register({ kind: 'note', content: 'tea', derivedFrom: [tea] })
  await store.keep.runUpkeep()
  const putBack = await copiedRow(store.database, 'artifact', id)
  const dir = mkdtempSync(join(fastDirectory, 'mk-version-keys-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  execFileSync('cp', ['-a', `${store.keyDir}/.`, dir])
  await memoryOf('restored', 'ben').delete(tea)
  await store.keep.runUpkeep()
  const names = await keyNames()
  const kept = keysAt(dir).keyStore
  const [now, lost] = [
    keysAt(store.keyDir).keyStore,
    (await kept.list('version/')).filter((name) => !names.includes(name)),
  ]
  for (const name of names.filter((each) => each.startsWith('version/') && each.includes('/erased/')))
    await now.delete(name)
  for (const name of lost) await now.putIfAbsent(name, (await kept.get(name))!)
  // Nobody's word for it any more: what tells of them went when they did.
  store.clock.advance(700_000)
  await store.keep.runUpkeep()
  expect(lost).not.toEqual([])
  expect(await keyNames()).toEqual(expect.arrayContaining(lost))
  await finished(store, await store.keep.eraseSubject(adminOf('ana', 'restored'), { reason: 'request' }))
  expect((await keyNames()).filter((name) => lost.includes(name))).toEqual([])
  await putBack()
  await using keep = await store.open()
  expect(await shared('restored', keep).get(id)).toBeNull()
  expect(await shared('restored', keep).get(other.id)).toBeNull()
}, 60_000)

test('a key whose version may be being stored keeps an erasure open until that is known, and is deleted then', async () => {
  const tea = await said('stored', 'ben', 'tea')
  await said('stored', 'ana', 'to go')
  // The process ends between the key and the row.
  await store.database.query("alter table memkeep.artifact add constraint never check (kind <> 'fact') not valid")
  const failed = shared('stored').register({ kind: 'fact', content: 'tea', derivedFrom: [tea] })
  expect(await codeOf(failed)).toBe('ERR_STORE_UNAVAILABLE')
  await store.database.query('alter table memkeep.artifact drop constraint never')
  const { id } = await shared('stored').register({ kind: 'summary', content: 'tea', derivedFrom: [tea] })
  const { tenant } = await shelfOf()
  const own = async () =>
    (await keyNames()).filter(
      (name) => name.startsWith(`version/${(tenant as Buffer).toString('hex')}/`) && !name.includes('/erased/'),
    )
  expect(await own()).toHaveLength(2)
  const erasure = await store.keep.eraseSubject(adminOf('ana', 'stored'), { reason: 'request' })
  expect(await codeOf(erasure.done)).toBe('ERR_ERASURE_INCOMPLETE')
  expect(await own()).toHaveLength(2)
  store.clock.advance(700_000)
  await store.keep.runUpkeep()
  expect(await own()).toHaveLength(1)
  expect(await shared('stored').get(id)).toMatchObject({ content: 'tea' })
}, 60_000)

test('a refused register leaves no key behind', async () => {
  await said('refused', 'ben', 'tea')
  const before = await keyNames()
  const refused = shared('refused').register({ kind: 'summary', content: 'tea', derivedFrom: [randomUUID()] })
  expect(await codeOf(refused)).toBe('ERR_INPUT_INVALID')
  expect(await keyNames()).toEqual(before)
})

test('beside the keys of today a restored database hides what has lost its key and makes it anew; everything else is read', async () => {
  const of = 'older'
  const [tea, coffee] = [await said(of, 'ben', 'router tea'), await said(of, 'ana', 'router coffee')]
  const { id } = await shared(of).register({ kind: 'summary', content: 'tea, coffee', derivedFrom: [tea, coffee] })
  const other = await shared(of).register({ kind: 'note', content: 'unrelated', derivedFrom: [coffee] })
  const library = store.keep.privileged(
    mintGrant({ principal: { id: 'curator', roles: [] }, rights: ['library'], reason: 'a test', ttlSeconds: 600 }),
  ).library
  const contributor = (subject: string, memory: string) => ({ tenant: of, subject, memory })
  const one = await library.publish({
    kind: 'summary',
    content: 'router tea',
    contributors: [contributor('ben', tea), contributor('ana', coffee)],
  })
  const two = await library.publish({
    kind: 'note',
    content: 'router coffee',
    contributors: [contributor('ana', coffee)],
  })
  const backups = [
    await copiedRow(store.database, 'artifact', id),
    await copiedRow(store.database, 'library_entry', one.id),
  ]
  for (const content of ['router green', 'router red']) {
    await memoryOf(of, 'ben').update(tea, { content }, { actor: 'user' })
    await store.keep.runUpkeep()
    await store.keep.runUpkeep()
  }
  for (const putBack of backups) await putBack()
  // No process holds those keys open any more.
  store.clock.advance(400_000)
  const { keep } = store
  const search = async () =>
    (await memoryOf(of, 'ben', keep).library.search('router')).entries.map((entry) => entry.content)
  expect(await shared(of, keep).get(id)).toBeNull()
  expect((await shared(of, keep).list()).items.map((item) => item.id)).toEqual([other.id])
  expect(await search()).toEqual(['router coffee'])
  expect(two.id).toBeDefined()
  await keep.runUpkeep()
  expect(await shared(of, keep).get(id)).toMatchObject({ content: 'router red + router coffee' })
  expect((await search()).sort()).toEqual(['router coffee', 'router red + router coffee'])
  // The number of a version that was there before comes again; its key does not.
  await memoryOf(of, 'ben').update(tea, { content: 'router white' }, { actor: 'user' })
  await keep.runUpkeep()
  expect(await shared(of, keep).get(id)).toMatchObject({ content: 'router white + router coffee' })
}, 60_000)

test('what a process cannot make anew is left out, and stays as it is for the key store that belongs to it', async () => {
  const of = 'another store'
  const tea = await said(of, 'ben', 'kettle tea')
  const before = await keyNames()
  const { id } = await shared(of).register({ kind: 'summary', content: 'tea', derivedFrom: [tea] })
  await store.keep
    .privileged(
      mintGrant({ principal: { id: 'curator', roles: [] }, rights: ['library'], reason: 'a test', ttlSeconds: 600 }),
    )
    .library.publish({
      kind: 'summary',
      content: 'kettle',
      contributors: [{ tenant: of, subject: 'ben', memory: tea }],
    })
  const { keyStore } = keysAt(store.keyDir)
  const records = new Map<string, Uint8Array>()
  for (const name of (await keyNames()).filter((each) => !before.includes(each))) {
    records.set(name, (await keyStore.get(name))!)
    await keyStore.delete(name)
  }
  expect(records.size).toBe(2)
  {
    await using keep = await store.open()
    expect(await shared(of, keep).get(id)).toBeNull()
    expect((await memoryOf(of, 'ben', keep).library.search('kettle')).entries).toEqual([])
  }
  for (const [name, record] of records) await keyStore.putIfAbsent(name, record)
  await using keep = await store.open()
  expect(await shared(of, keep).get(id)).toMatchObject({ content: 'tea' })
  expect((await memoryOf(of, 'ben', keep).library.search('kettle')).entries).toMatchObject([{ content: 'kettle' }])
}, 60_000)

test('records of deletions do not grow for ever', async () => {
  const tea = await said('marks', 'ben', 'tea')
  await shared('marks').register({ kind: 'summary', content: 'tea', derivedFrom: [tea] })
  const { tenant } = await shelfOf()
  for (let i = 0; i < 4; i++) {
    await memoryOf('marks', 'ben').update(tea, { content: `tea ${i}` }, { actor: 'user' })
    await store.keep.runUpkeep()
    store.clock.advance(7_200_000)
  }
  const own = (await keyNames()).filter((name) => name.includes((tenant as Buffer).toString('hex')))
  // The version that stands, and of the last pass one that says what went.
  expect(own.filter((name) => /\/1\/1$/.test(name) && name.startsWith('version/'))).toHaveLength(1)
  expect(own.filter((name) => name.includes('/erased/')).length).toBeLessThanOrEqual(1)
}, 60_000)

test('the id of a version is 16 bytes, whatever a row says', async () => {
  const tea = await said('short', 'ben', 'tea')
  const { id } = await shared('short').register({ kind: 'summary', content: 'tea', derivedFrom: [tea] })
  await query('update memkeep.artifact set seal = $1 where id = $2', [randomBytes(4), id])
  expect(await codeOf(shared('short').get(id))).toBe('ERR_SEAL_BROKEN')
})
