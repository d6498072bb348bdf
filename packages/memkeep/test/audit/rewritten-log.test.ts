import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fileWitness } from '../../src/audit/drivers/file-witness.ts'
import type { Keep } from '../../src/index.ts'
import { verifyLedger } from '../../src/verify.ts'
import { bundleOf } from '../proof/sample-ledger.ts'
import { codeOf, errorOf } from '../support/code-of.ts'
import { hourMs } from '../support/hand-clock.ts'
import { TestKeep } from '../support/test-keep.ts'
import { cutLog, type LogRow } from './cut-log.ts'

// What somebody with the database owner's rights does to the log of one tenant, and then lets upkeep sign.

let store: TestKeep
let keep: Keep
let acme: Buffer
let globex: Buffer
const tags: Buffer[] = []

beforeAll(async () => {
  store = await TestKeep.start()
  keep = await open()
  acme = await tagOf('acme')
  globex = await tagOf('globex')
})
afterAll(() => store[Symbol.asyncDispose]())

const sql = <T extends object>(text: string, values: unknown[] = []) => store.database.query<T>(text, values)
/** Another process: it remembers nothing but what lies outside of it. */
const open = (witnessed = false) => {
  const witness = fileWitness({ path: join(store.keyDir, 'witnessed') })
  const audit = { mergeDelaySeconds: 3600, ...(witnessed ? { witness } : {}) }
  return store.open({ upkeep: { ...store.database.upkeep, max: 1 }, audit })
}

/** A new tenant's: of the first memory that is added to it. */
async function tagOf(tenant: string): Promise<Buffer> {
  await store.memory({ tenant }, keep).add('the first', { actor: 'user' })
  const added = "select tenant from memkeep.event where action = 'memory.add'"
  const [row, ...more] = await sql<{ tenant: Buffer }>(`${added} and tenant <> all ($1)`, [tags])
  expect(more).toEqual([])
  tags.push(row!.tenant)
  return row!.tenant
}

async function headOf(tenant: Buffer): Promise<LogRow> {
  return (await sql<LogRow>('select * from memkeep.log where tenant = $1', [tenant]))[0]!
}

/** One more head of acme's log, with a deletion in it. */
async function use(by = keep): Promise<void> {
  const { id } = await store.memory({}, by).add('of acme', { actor: 'user' })
  await store.memory({}, by).delete(id)
  store.clock.advance(hourMs)
  await by.runUpkeep()
}

let saves = 0
/** Everything about a log, to be put back. */
async function kept(tenant: Buffer): Promise<() => Promise<void>> {
  const save = `saved_${saves++}`
  const tables = ['event', 'log', 'log_entry', 'checkpoint', 'anchor']
  for (const table of tables)
    await sql(`create table ${save}_${table} as select * from memkeep.${table} where tenant = $1`, [tenant])
  return async () => {
    for (const table of tables) {
      if (table !== 'event') await sql(`delete from memkeep.${table} where tenant = $1`, [tenant])
      const own = `table_schema = 'memkeep' and table_name = '${table}' and is_generated = 'NEVER'`
      const [{ names }] = (await sql<{ names: string }>(
        `select string_agg(column_name, ',') as names from information_schema.columns where ${own}`,
      )) as [{ names: string }]
      await sql(`insert into memkeep.${table} (${names}) select ${names} from ${save}_${table} on conflict do nothing`)
      await sql(`drop table ${save}_${table}`)
    }
  }
}

async function expectGood(tenant: string, by = keep): Promise<void> {
  const files = new Map<string, Uint8Array>()
  const { audit } = store.wide({ tenant, principal: 'auditor', roles: [], rights: ['audit', 'tenant'] }, by)
  for await (const { path, bytes } of audit.export()) files.set(path, bytes)
  await verifyLedger(bundleOf(files), { key: (await audit.checkpoint())!.key })
}

test('a leaf that was rewritten is not signed over, and other tenants’ logs go on', async () => {
  await use()
  const putBack = await kept(acme)
  const deleted = `tenant = $1 and convert_from(entry, 'UTF8') like '%"memory.delete"%'`
  const [leaf] = await sql<{ event: string; entry: Buffer }>(`select * from memkeep.log_entry where ${deleted}`, [acme])
  const forged = Buffer.from(leaf!.entry.toString().replace('memory.delete', 'memory.history'))
  await sql(`update memkeep.log_entry set entry = $2, event = null where ${deleted}`, [acme, forged])
  await sql('delete from memkeep.event where tenant = $1 and id = $2', [acme, leaf!.event])
  for (const table of ['checkpoint', 'anchor']) await sql(`delete from memkeep.${table} where tenant = $1`, [acme])

  const [before, other] = [await headOf(acme), await headOf(globex)]
  const another = await open()
  await store.memory({}, another).add('more of acme', { actor: 'user' })
  await store.memory({ tenant: 'globex' }, another).add('more of globex', { actor: 'user' })
  expect(await codeOf(another.sequence())).toBe('ERR_STORE_UNSAFE')
  expect((await headOf(acme)).note).toBe(before.note)
  expect(another.metrics().upkeep).toEqual({ failedPasses: 0, failedSequencing: 1, unsignedLogs: 1 })
  const logged = await headOf(globex)
  // One tenant's log takes no process out of service: `unsignedLogs` and doctor tell of it. What waits of others does.
  store.clock.advance(13 * hourMs)
  await another.checkReady()
  await store.memory({ tenant: 'globex' }, another).add('waits too long', { actor: 'user' })
  store.clock.advance(13 * hourMs)
  expect((await errorOf(another.checkReady())).message).toMatch(/^upkeep: events wait too long/)
  expect(await codeOf(another.sequence())).toBe('ERR_STORE_UNSAFE')
  await another.checkReady()
  expect(Number(logged.size)).toBeGreaterThan(Number(other.size))
  await expectGood('globex')
  // A leaf that is gone altogether holds up no other tenant either.
  await sql('delete from memkeep.log_entry where tenant = $1 and seq = 0', [acme])
  const third = await open()
  await store.memory({ tenant: 'globex' }, third).add('still more of globex', { actor: 'user' })
  expect(await codeOf(third.sequence())).toBe('ERR_STORE_UNSAFE')
  expect(Number((await headOf(globex)).size)).toBeGreaterThan(Number(logged.size))

  await putBack()
  expect(await another.sequence()).toBeGreaterThan(0)
  expect(another.metrics().upkeep).toMatchObject({ failedSequencing: 2, unsignedLogs: 0 })
  await expectGood('acme')
})

test('a log that was put back to an older head is not signed again by the process that signed the later one', async () => {
  await use()
  const old = await headOf(acme)
  await use()
  const putBack = await kept(acme)
  await cutLog(store.database, old)
  await store.memory({}, keep).add('another history', { actor: 'user' })
  store.clock.advance(hourMs)
  expect(await codeOf(keep.runUpkeep())).toBe('ERR_STORE_UNSAFE')
  expect((await headOf(acme)).note).toBe(old.note)
  // Regrown by somebody who has the log's key and no memory: as long as before, and then longer.
  const forgetful = await open()
  for (let n = 0; n < 4; n++) {
    await store.memory({}, forgetful).add(`another history ${n}`, { actor: 'user' })
    await forgetful.sequence()
    store.clock.advance(hourMs)
    expect(await codeOf(keep.runUpkeep())).toBe('ERR_STORE_UNSAFE')
  }
  // Gone as a whole, it does not begin anew.
  for (const table of ['log', 'log_entry', 'checkpoint', 'anchor']) {
    await sql(`delete from memkeep.${table} where tenant = $1`, [acme])
  }
  store.clock.advance(hourMs)
  expect(await codeOf(keep.runUpkeep())).toBe('ERR_STORE_UNSAFE')
  await store.memory({}, keep).add('from the beginning', { actor: 'user' })
  expect(await codeOf(keep.sequence())).toBe('ERR_STORE_UNSAFE')
  expect(await headOf(acme)).toBeUndefined()

  await putBack()
  await use()
  await expectGood('acme')
})

test('what one process signed, another goes on from', async () => {
  const [one, two] = [await open(), await open()]
  for (let n = 0; n < 6; n++) await use(n % 2 === 0 ? one : two)
  await expectGood('acme')
})

test('with a witness, the key store remembers the heads of the last tick for every process', async () => {
  const witnessed = await open(true)
  await use(witnessed)
  const old = await headOf(acme)
  await use(witnessed)
  const putBack = await kept(acme)
  await cutLog(store.database, old)
  const forgetful = await open()
  for (let n = 0; n < 4; n++) await store.memory({}, forgetful).add(`another history ${n}`, { actor: 'user' })
  // Nothing of it shows to a process that asks nobody outside the database.
  await forgetful.sequence()
  await expectGood('acme', forgetful)
  const another = await open(true)
  await store.memory({}, another).add('more of acme', { actor: 'user' })
  const regrown = await headOf(acme)
  store.clock.advance(hourMs)
  expect(await codeOf(another.sequence())).toBe('ERR_STORE_UNSAFE')
  expect(await codeOf(another.runUpkeep())).toBe('ERR_STORE_UNSAFE')
  expect((await headOf(acme)).note).toBe(regrown.note)
  await putBack()
  await use(another)
  await expectGood('acme', another)
})

test('the deployment’s own log is held to the same', async () => {
  const tag = (
    await sql<{ tenant: Buffer }>('select tenant from memkeep.log where vkey = $1', [await keep.logKey()])
  )[0]!
  const old = await headOf(tag.tenant)
  await use()
  const putBack = await kept(tag.tenant)
  await cutLog(store.database, old)
  store.clock.advance(hourMs)
  expect(await codeOf(keep.runUpkeep())).toBe('ERR_STORE_UNSAFE')
  expect((await headOf(tag.tenant)).note).toBe(old.note)
  await putBack()
  await use()
})
