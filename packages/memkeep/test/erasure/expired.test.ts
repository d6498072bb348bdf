import { afterEach, beforeEach, expect, test } from 'vitest'
import { codeOf } from '../support/code-of.ts'
import { adminOf, adminOfTenant, finished } from '../support/erasing.ts'
import { dayMs } from '../support/hand-clock.ts'
import { keysAt } from '../support/keys-at.ts'
import { ledgerBeside } from '../support/ledger-beside.ts'
import { TestKeep } from '../support/test-keep.ts'

// The bar and the record of an erasure end with the last backup that could hold the scope: then nothing but the ledger tells that there was anybody.

let store: TestKeep
const ledger = ledgerBeside(() => store)

beforeEach(async () => {
  store = undefined!
  store = await TestKeep.start({ erasureLedger: ledger })
})
afterEach(() => store[Symbol.asyncDispose]())

const erase = async (subject = 'ana', more = {}) =>
  finished(store, await store.keep.eraseSubject(adminOf(subject), { reason: 'request', ...more }))

async function standing() {
  const [row] = await store.database.query<Record<string, number>>(
    `select (select count(*)::int from memkeep.erasure) as erasures, (select count(*)::int from memkeep.erasure_step) as steps,
       (select count(*)::int from memkeep.shelf where state = 1) as bars, (select count(*)::int from memkeep.tenant where state = 1) as tenants`,
  )
  const names = await keysAt(store.keyDir).keyStore.list('')
  const lines = await ledger.read()
  const marks = names.filter((name) => name.includes('/erased/')).length
  return { ...row, marks, entries: lines.filter((line) => line.includes('"subject"')).length, lines: lines.length }
}

test('not a moment before its end date; then the bar, the record, the mark in the key store and the line go, and the chain holds', async () => {
  const memory = store.memory()
  const { id } = await memory.add('said in the first life', { actor: 'user' })
  await store.memory({ subject: 'ben' }).add('stays', { actor: 'user' })
  const [before] = await store.database.query<Record<string, unknown>>('select * from memkeep.memory where id = $1', [
    id,
  ])
  const report = await erase()
  expect(report.residue.filter(({ until }) => until !== null)).toHaveLength(3)
  const { until } = report.residue[0]!
  expect(await standing()).toMatchObject({ erasures: 1, bars: 1, marks: 1, entries: 1 })

  store.clock.nowMs = Date.parse(until!)
  await store.keep.runUpkeep()
  expect(await codeOf(memory.add('too early', { actor: 'user' }))).toBe('ERR_SCOPE_BARRED')
  expect(await standing()).toMatchObject({ erasures: 1, bars: 1, marks: 1, entries: 1 })

  store.clock.advance(1)
  await store.keep.runUpkeep()
  expect(await standing()).toEqual({ erasures: 0, steps: 0, bars: 0, tenants: 0, marks: 0, entries: 0, lines: 1 })
  expect(await store.keep.checkRestored()).toEqual({ repeated: 0 })
  await (await store.open({ erasureLedger: ledger })).close()
  await store.createTenant('third')
  expect((await store.memory({ subject: 'ben' }).list()).items).toMatchObject([{ content: 'stays' }])

  // Whoever has that id now begins anew, in an epoch of its own: nothing of the first life is under a key of it.
  await memory.add('said in the second life', { actor: 'user' })
  expect((await memory.list()).items).toMatchObject([{ content: 'said in the second life' }])
  const [after] = await store.database.query<Record<string, unknown>>(
    'select * from memkeep.memory where tenant = $1 and subject = $2',
    [before!.tenant, before!.subject],
  )
  expect([before!.epoch, after!.epoch]).toEqual([1, 2])
  await store.database.query('update memkeep.memory set content = $2, epoch = 1 where id = $1', [
    after!.id,
    before!.content,
  ])
  expect(await codeOf((await store.open()).for(adminOf('ana')).get(after!.id as string))).toBe('ERR_KEY_DESTROYED')
  // It can be erased like the first.
  expect(await erase()).toMatchObject({ kind: 'subject' })
  expect(await codeOf(memory.add('late', { actor: 'user' }))).toBe('ERR_SCOPE_BARRED')
}, 120_000)

test('a tenant too: its id is free again, its log goes on, and the line of its erasure is a hash', async () => {
  await store.memory().add('x', { actor: 'user' })
  const erasure = await store.keep.eraseTenant(adminOfTenant(), { reason: 'contract-end', confirm: 'acme' })
  await finished(store, erasure)
  expect(await codeOf(store.privileged().tenants.create('acme'))).toBe('ERR_SCOPE_BARRED')
  store.clock.advance(36 * dayMs)
  await store.keep.runUpkeep()
  expect(await standing()).toMatchObject({ erasures: 0, bars: 0, tenants: 0, marks: 0, entries: 0 })
  expect(await codeOf(store.memory().list())).toBe('ERR_TENANT_UNKNOWN')
  await store.createTenant('acme')
  await store.memory().add('anew', { actor: 'user' })
  await store.keep.runUpkeep()
  expect((await store.memory().list()).items).toMatchObject([{ content: 'anew' }])
  expect(await store.keep.checkRestored()).toEqual({ repeated: 0 })
}, 60_000)

test('what was reopened keeps its epoch, and one that is broken off is not forgotten', async () => {
  await store.memory().add('x', { actor: 'user' })
  await erase('ana', { after: 'reopen' })
  await store.memory().add('second', { actor: 'user' })
  await store.memory({ subject: 'ben' }).add('y', { actor: 'user' })
  const open = await store.keep.eraseSubject(adminOf('ben'), { reason: 'request' })
  // Its rows are gone, and the line of its deletion is in the ledger.
  for await (const { step } of open) if (step === 'derive') break
  store.clock.advance(36 * dayMs)
  // As if a process worked on it.
  const held = 'update memkeep.erasure set held_until_ms = $1 where state = 0'
  await store.database.query(held, [store.clock.now() + 60_000])
  await store.keep.runUpkeep()
  expect((await store.memory().list()).items).toMatchObject([{ content: 'second' }])
  expect(await standing()).toMatchObject({ erasures: 1, bars: 1, entries: 0 })
  expect(await codeOf(store.memory({ subject: 'ben' }).add('z', { actor: 'user' }))).toBe('ERR_SCOPE_BARRED')
}, 60_000)

test('without any backups it still stands for the day in which a scope from before may be held', async () => {
  await store.memory().add('x', { actor: 'user' })
  const keep = await store.open({ keepsBackupsDays: 0 })
  const report = await finished(store, await keep.eraseSubject(adminOf('ana'), { reason: 'request' }))
  const doneMs = store.clock.now()
  expect(report.residue[0]!.until).toBe(new Date(doneMs + dayMs).toISOString())
  store.clock.advance(dayMs)
  await store.keep.runUpkeep()
  expect(await standing()).toMatchObject({ erasures: 1, bars: 1 })
  store.clock.advance(1)
  await store.keep.runUpkeep()
  expect(await standing()).toMatchObject({ erasures: 0, bars: 0 })
}, 60_000)
