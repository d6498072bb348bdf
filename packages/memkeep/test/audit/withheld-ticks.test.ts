import { mkdirSync, readFileSync, renameSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fileWitness } from '../../src/audit/drivers/file-witness.ts'
import { productionSeams } from '../../src/core/seams.ts'
import { Keyring } from '../../src/keys/keyring.ts'
import { parseCheckpoint } from '../../src/proof/checkpoint.ts'
import { codeOf, errorOf } from '../support/code-of.ts'
import { keysAt } from '../support/keys-at.ts'
import { TestKeep } from '../support/test-keep.ts'
import { cutLog, type LogRow } from './cut-log.ts'

// Whoever owns the database keeps the deployment's log from growing: then the witness sees nothing new, and the key store learns nothing.

let store: TestKeep
beforeAll(async () => {
  store = await TestKeep.start()
})
afterAll(() => store[Symbol.asyncDispose]())

const sql = <T extends object>(text: string, values: unknown[] = []) => store.database.query<T>(text, values)
const seen = (): string => join(store.keyDir, 'witnessed')
/** Another process, with the witness of all. */
const open = (reach: (point: string) => void = () => {}) =>
  store.open({
    upkeep: { ...store.database.upkeep, max: 1 },
    audit: { mergeDelaySeconds: 3600, witness: fileWitness({ path: seen() }) },
    seams: { clock: store.clock, reach },
  })
const own = 'tenant in (select tenant from memkeep.log_entry where event is null)'
const heads = () => readFileSync(seen(), 'utf8').trim().split('\n').length
const ticks = async () => Number((await sql<{ size: string }>(`select size from memkeep.log where ${own}`))[0]!.size)

const keyring = () => {
  const { keys: provider, keyStore } = keysAt(store.keyDir)
  return new Keyring({ provider, store: keyStore, clock: store.clock, reach: productionSeams.reach })
}
/** The sizes that the key store remembers, by whose log it is. */
const noted = async () =>
  new Map([...(await keyring().notedHeads(1))].map(([tag, text]) => [tag, parseCheckpoint(text).size]))

/** A process that asks no witness, and whose memory begins now. */
const unwitnessed = () =>
  store.open({ upkeep: { ...store.database.upkeep, max: 1 }, audit: { mergeDelaySeconds: 3600 } })

test('that somebody else was faster is believed of a head that was signed, and of nothing else', async () => {
  const keep = await unwitnessed()
  await keep.runUpkeep()
  const before = await ticks()
  await sql(`create function public.moved() returns trigger language plpgsql as
    $$ begin raise exception 'moved' using errcode = 'MK007'; end $$`)
  const [row] = await sql<{ tag: string }>(`select encode(tenant, 'hex') as tag from memkeep.log where ${own}`)
  await sql(`create trigger moved before update on memkeep.log for each row
    when (old.tenant = decode('${row!.tag}', 'hex')) execute function public.moved()`)
  store.clock.advance(60_000)
  expect((await errorOf(keep.runUpkeep())).message).toMatch(/said to have grown, and has not$/)
  await sql('drop trigger moved on memkeep.log')
  await sql('drop function public.moved')
  expect(await ticks()).toBe(before)
  await keep.runUpkeep()
  expect(await ticks()).toBe(before + 1)
})

test('a process whose ticks fail one after another is not ready, while nobody else makes any', async () => {
  let fails = false
  const reach = (point: string) => {
    if (point === 'upkeep.keys-installed' && fails) throw new Error('the pass ends before its tick')
  }
  const settings = { upkeep: { ...store.database.upkeep, max: 1 }, audit: { mergeDelaySeconds: 5 } }
  const keep = await store.open({ ...settings, seams: { clock: store.clock, reach } })
  const other = await store.open(settings)
  await keep.runUpkeep()
  const minute = async (by: typeof keep) => {
    store.clock.advance(60_000)
    return by.runUpkeep().then(
      () => 'made',
      () => 'failed',
    )
  }
  const ready = async () => codeOf(keep.checkReady())
  // A trigger of whoever owns the database; and a pass that does not come to its tick.
  await sql(
    `create function public.broken() returns trigger language plpgsql as $$ begin raise exception 'broken'; end $$`,
  )
  const [row] = await sql<{ tag: string }>(`select encode(tenant, 'hex') as tag from memkeep.log where ${own}`)
  const breaks = `create trigger broken before update on memkeep.log for each row when (old.tenant = decode('${row!.tag}', 'hex')) execute function public.broken()`
  for (const [begin, end] of [
    [() => sql(breaks), () => sql('drop trigger broken on memkeep.log')],
    [async () => (fails = true), async () => (fails = false)],
  ] as const) {
    await begin()
    for (let n = 0; n < 3; n++) {
      expect(await minute(keep)).toBe('failed')
      expect(await ready(), `after ${n + 1}`).toBe('none')
    }
    expect(await minute(keep)).toBe('failed')
    expect((await errorOf(keep.checkReady())).message).toMatch(/^upkeep: the deployment's log has not grown/)
    await end()
    // Another process makes them: the log goes on.
    expect(await minute(other)).toBe('made')
    expect(await ready()).toBe('none')
    store.clock.advance(200_000)
    expect(await ready()).toBe('ERR_AUDIT_UNAVAILABLE')
    expect(await minute(keep)).toBe('made')
    expect(await ready()).toBe('none')
  }
  await sql('drop function public.broken')
})

test('of two processes whose passes meet, each minute one at least makes the tick, and the other is no fault', async () => {
  const keeps = [await unwitnessed(), await unwitnessed()]
  for (const keep of keeps) await keep.runUpkeep()
  for (let minute = 1; minute <= 8; minute++) {
    const before = await ticks()
    store.clock.advance(60_000)
    await Promise.all(keeps.map((keep) => keep.runUpkeep()))
    expect(await ticks()).toBeGreaterThan(before)
  }
})

test('a tick that the witness is not shown is not taken for one, and is known to nobody', async () => {
  const keep = await open()
  await keep.runUpkeep()
  const [row] = await sql<{ tag: string }>(`select encode(tenant, 'hex') as tag from memkeep.log where ${own}`)
  await sql(`create function public.ignored() returns trigger language plpgsql as $$ begin return null; end $$`)
  await sql(`create trigger ignored before update on memkeep.log for each row
    when (old.tenant = decode('${row!.tag}', 'hex')) execute function public.ignored()`)
  store.clock.advance(60_000)
  const before = await noted()
  await store.memory({ tenant: 'globex' }, keep).add('in the tick that is not kept', { actor: 'user' })
  expect((await errorOf(keep.runUpkeep())).message).toMatch(/a log without the last tick$/)
  expect(await noted()).toEqual(before)
  await sql('drop trigger ignored on memkeep.log')
  await sql('drop function public.ignored')
  for (const [table, place] of Object.entries({ log_entry: 'seq >= size', checkpoint: 'c.size > l.size' }))
    await sql(`delete from memkeep.${table} c using memkeep.log l where c.tenant = l.tenant
      and l.tenant = decode('${row!.tag}', 'hex') and ${place}`)
})

test('what the key store remembers goes forward alone, whichever process notes last', async () => {
  let away = false
  const one = await open((point) => {
    if (point !== 'ledger.ticked' || !away) return
    renameSync(seen(), `${seen()}.away`)
    mkdirSync(seen())
  })
  const two = await open()
  const use = async () => {
    store.clock.advance(60_000)
    await store.memory({ tenant: 'globex' }, two).add('of globex', { actor: 'user' })
  }
  await use()
  await one.runUpkeep()
  const first = await noted()
  await use()
  // Its tick is made, and the witness cannot be asked any more.
  away = true
  expect(await codeOf(one.runUpkeep())).toBe('ERR_STORE_UNAVAILABLE')
  away = false
  rmdirSync(seen())
  renameSync(`${seen()}.away`, seen())
  const old = await keyring().notedHeads(1)
  for (let minute = 0; minute < 2; minute++) {
    await use()
    await two.runUpkeep()
  }
  const after = await noted()
  expect([...first].some(([tag, size]) => size < after.get(tag)!)).toBe(true)
  store.clock.advance(10_000)
  await one.runUpkeep()
  expect(await noted()).toEqual(after)
  // One that was held up between its tick and its note.
  await keyring().noteHeads(1, old)
  expect(await noted()).toEqual(after)
  // Nor does a line that is over take the place of a later one, in a record of neither log.
  const free = ['00', '01', '02', '03', '04', '05'].find((byte) => ![...old.keys()].some((tag) => tag.startsWith(byte)))
  const elsewhere = new Map([[`${free}${'0'.repeat(30)}`, [...old.values()][0]!]])
  await keyring().noteHeads(2, elsewhere)
  await keyring().noteHeads(1, elsewhere)
  expect(await keyring().notedHeads(2)).toEqual(elsewhere)
})

test('no column says when a tick is due: a log that is cut minutes later is not signed again by another process', async () => {
  const { id: first } = await store.memory().add('the first', { actor: 'user' })
  const keep = await open()
  await keep.runUpkeep()
  const added = 'select tenant from memkeep.event where memories = array[$1]::uuid[]'
  const [old] = await sql<LogRow>(`select * from memkeep.log where tenant in (${added})`, [first])
  const before = heads()
  for (let minute = 1; minute <= 3; minute++) {
    store.clock.advance(60_000)
    await sql(`update memkeep.log set signed_ms = $1 where ${own}`, [store.clock.now()])
    const { id } = await store.memory({}, keep).add('soon deleted', { actor: 'user' })
    await store.memory({}, keep).delete(id)
    await keep.runUpkeep()
    expect(heads()).toBe(before + minute)
  }
  await cutLog(store.database, old!)
  store.clock.advance(60_000)
  const another = await open()
  await store.memory({}, another).add('another history', { actor: 'user' })
  expect(await codeOf(another.runUpkeep())).toBe('ERR_STORE_UNSAFE')
})
