import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { zstdDecompressSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { ColdTier } from '../../src/audit/cold-tier.ts'
import { directoryColdTier } from '../../src/audit/drivers/directory-cold-tier.ts'
import { nodeSha256 } from '../../src/audit/node-sha256.ts'
import { readHead, type Witness } from '../../src/audit/witness.ts'
import type { KillPoint } from '../../src/core/seams.ts'
import type { Keep } from '../../src/index.ts'
import { acceptRollback } from '../../src/install.ts'
import type { ColdEvent } from '../../src/proof/cold-event.ts'
import { coldLines, verifyColdFile } from '../../src/proof/cold-file.ts'
import { verifyLedger } from '../../src/verify.ts'
import { bundleOf } from '../proof/sample-ledger.ts'
import { codeOf, errorOf } from '../support/code-of.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { dayMs, hourMs } from '../support/hand-clock.ts'
import { keysAt } from '../support/keys-at.ts'
import { TestKeep } from '../support/test-keep.ts'
import type { RetentionOrder } from './retention-child.ts'

let store: TestKeep
let dir: string
const slow = { mergeDelaySeconds: 3600 }

beforeAll(() => {
  dir = mkdtempSync(join(fastDirectory, 'mk-cold-'))
})
afterAll(async () => {
  await store?.[Symbol.asyncDispose]()
  rmSync(dir, { recursive: true, force: true })
})
let tests = 0
beforeEach(async () => {
  await store?.[Symbol.asyncDispose]()
  dir = join(dir, String(++tests))
  store = await TestKeep.start({ audit: slow })
})

/** Another process with upkeep, which puts reads away after 30 days. */
function keeper(coldTier: ColdTier = directoryColdTier({ dir }), reach?: (point: KillPoint) => void): Promise<Keep> {
  return store.open({
    upkeep: { ...store.database.upkeep, max: 1 },
    audit: { ...slow, keepReadsDays: 30, coldTier },
    seams: { clock: store.clock, ...(reach === undefined ? {} : { reach }) },
  })
}

/** Every file of the cold tier, checked; and its events by id. */
async function coldEvents(): Promise<Map<string, ColdEvent>> {
  const found = new Map<string, ColdEvent>()
  for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    expect(entry.name).toMatch(/^1-\d{12}-\d{12}\.ndjson\.zst$/)
    const lines = coldLines(zstdDecompressSync(readFileSync(join(entry.parentPath, entry.name))))
    await verifyColdFile(lines, { sha256: nodeSha256 })
    for (const line of lines.slice(1)) {
      const { event } = JSON.parse(line) as { event?: ColdEvent }
      if (event !== undefined) found.set(event.id, event)
    }
  }
  return found
}

interface Row {
  readonly id: string
  readonly class: number
  readonly action: string
}
const rows = () => store.database.query<Row>('select id, class, action from memkeep.event')
const reads = async () => (await rows()).filter((row) => row.class === 0)

/** A month of adds and reads, of two tenants. */
async function month(adds: number, gets: number): Promise<void> {
  for (const tenant of ['acme', 'globex']) {
    const memory = store.memory({ tenant })
    let id = ''
    for (let n = 0; n < adds; n++) id = (await memory.add(`memory ${n}`, { actor: 'user' })).id
    for (let n = 0; n < gets; n++) await memory.get(id)
  }
}

test('reads that were kept long enough go to the cold tier, with their proofs; everything else stays', {
  timeout: 120_000,
}, async () => {
  await month(5, 150)
  await store.keep.runUpkeep()
  const old = await rows()
  store.clock.advance(61 * dayMs)
  await month(3, 4)
  const keep = await keeper()
  const report = await keep.runUpkeep()
  const oldReads = old.filter((row) => row.class === 0)
  expect(oldReads.length).toBeGreaterThanOrEqual(300)
  expect(report).toMatchObject({ emptied: oldReads.length })
  const left = new Set((await rows()).map(({ id }) => id))
  for (const row of old) expect(left.has(row.id), row.action).toBe(row.class !== 0)
  expect((await reads()).length).toBeGreaterThanOrEqual(8)
  const cold = await coldEvents()
  for (const { id } of oldReads) expect(cold.has(id)).toBe(true)
  expect((await keep.runUpkeep()).archived, 'once').toBe(0)
})

test('the log of what was pruned is still whole: the bundle says what is missing, and is right', {
  timeout: 120_000,
}, async () => {
  await month(5, 300)
  await store.keep.runUpkeep()
  store.clock.advance(61 * dayMs)
  const keep = await keeper()
  await keep.runUpkeep()
  await month(2, 2)
  store.clock.advance(hourMs)
  await keep.runUpkeep()
  const auditor = store.wide({ principal: 'auditor', roles: [], rights: ['audit', 'tenant'] }, keep)
  const files = new Map<string, Uint8Array>()
  for await (const { path, bytes } of auditor.audit.export()) files.set(path, bytes)
  const bundle = await verifyLedger(bundleOf(files))
  expect(bundle.minIndex).toBe(256)
  expect(bundle.size).toBeGreaterThan(306)
  const [pruned] = await store.database.query<{ n: number; kept: number }>(
    `select count(*) filter (where class = 0)::int as n, count(*) filter (where class <> 0)::int as kept from memkeep.log_entry
     where tenant = (select tenant from memkeep.log where min_index > 0 limit 1) and seq < 256`,
  )
  expect(pruned).toEqual({ n: 0, kept: expect.any(Number) })
  expect(pruned!.kept).toBeGreaterThan(4)
})

/** One that saw more than the database has, of the log with this key; to any other it agrees. */
function witnessAhead(vkey: string): Witness {
  const add: Witness['add'] = async ({ oldSize, checkpoint }) =>
    oldSize === 0 && vkey.startsWith(`${readHead(checkpoint).origin}+`)
      ? { outcome: 'conflict', size: 1e9 }
      : { outcome: 'seen', cosignatures: '' }
  return { name: 'ahead', add }
}

test('leaves go once the event that says so stands in their log: not when a rollback is accepted before', {
  timeout: 120_000,
}, async () => {
  await month(5, 300)
  await store.keep.runUpkeep()
  store.clock.advance(61 * dayMs)
  const keep = await keeper()
  await keep.runUpkeep()
  const waits = `select from memkeep.pending join memkeep.event using (tenant, id) where action = 'audit.prune'`
  expect(await store.database.query(waits)).toHaveLength(2)
  const vkey = await keep.logKey()
  const [row] = await store.database.query<{ head: string }>('select note as head from memkeep.log where vkey = $1', [
    vkey,
  ])
  const { head } = row!
  const accepted = await acceptRollback({
    ...keysAt(store.keyDir),
    admin: store.database.admin,
    database: store.database.app,
    witness: witnessAhead(vkey),
    by: 'olga',
    reason: 'a test',
    confirm: readHead(head).size,
    head,
  })
  expect(accepted.line).toBe(2)
  store.clock.advance(hourMs)
  await keep.runUpkeep()
  expect(await store.database.query(waits)).toEqual([])
  store.clock.advance(hourMs)
  await keep.runUpkeep()
  const auditor = store.wide({ principal: 'auditor', roles: [], rights: ['audit', 'tenant'] }, keep)
  for (const line of [1, 2]) {
    const files = new Map<string, Uint8Array>()
    for await (const { path, bytes } of auditor.audit.export({ line })) files.set(path, bytes)
    expect((await verifyLedger(bundleOf(files))).minIndex, `line ${line}`).toBe(0)
  }
})

const points = ['ledger.stored-cold', 'ledger.archived', 'ledger.emptied'] as const

/** Which signal ended a process that was to end itself at a point; null: it never came there. */
async function killedAt(point: KillPoint, time: number): Promise<NodeJS.Signals | null> {
  const { app, upkeep } = store.database
  const nowMs = store.clock.now()
  const order: RetentionOrder = { app, upkeep, keyDir: store.keyDir, coldDir: dir, nowMs, point, time }
  const program = join(import.meta.dirname, 'retention-child.ts')
  const args = ['--disable-warning=ExperimentalWarning', '--conditions=memkeep-src', program, JSON.stringify(order)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  if (signal === null) expect(code).toBe(0)
  return signal
}

test.each(points)(
  'a process that is killed at %s loses nothing, and the next one goes on',
  { timeout: 120_000 },
  async (point) => {
    await month(2, 40)
    await store.keep.runUpkeep()
    const all = await reads()
    store.clock.advance(61 * dayMs)
    for (const time of [1, 2]) {
      const signal = await killedAt(point, time)
      if (time === 1) expect(signal).toBe('SIGKILL')
      const cold = await coldEvents().catch(() => new Map<string, ColdEvent>())
      const left = new Set((await reads()).map(({ id }) => id))
      for (const { id } of all) expect(left.has(id) || cold.has(id), `${point} ${time}`).toBe(true)
    }
    await (await keeper()).runUpkeep()
    const cold = await coldEvents()
    const left = new Set((await reads()).map(({ id }) => id))
    for (const { id } of all) expect([cold.has(id), left.has(id)]).toEqual([true, false])
  },
)

test.each<[string, (good: ColdTier) => Partial<ColdTier>]>([
  ['stores nothing', () => ({ put: async () => {} })],
  ['cannot be written', () => ({ put: async () => Promise.reject(new Error('no room')) })],
  [
    'brings back other bytes',
    (good) => ({
      get: async (name) => (await good.get(name))?.map((byte, at) => (at === 90 ? byte ^ 1 : byte)) ?? null,
    }),
  ],
  ['has less than was put', (good) => ({ put: (name, bytes) => good.put(name, bytes.subarray(0, -1)) })],
])('a cold tier that %s gets nothing taken out of the database', { timeout: 60_000 }, async (_, broken) => {
  await month(2, 20)
  await store.keep.runUpkeep()
  const before = await reads()
  store.clock.advance(61 * dayMs)
  const good = directoryColdTier({ dir })
  const keep = await keeper({ ...good, ...broken(good) })
  await expect(keep.runUpkeep()).rejects.toThrow()
  const left = new Set((await reads()).map(({ id }) => id))
  for (const { id } of before) expect(left.has(id)).toBe(true)
  expect(await store.database.query('select from memkeep.log where archived > 0 or min_index > 0')).toEqual([])
})

test('a read that is not what the log committed to, or is not there, gets nothing taken out of the database', {
  timeout: 60_000,
}, async () => {
  await month(2, 12)
  await store.keep.runUpkeep()
  const all = await reads()
  const gets = all.filter(({ action }) => action === 'memory.get')
  store.clock.advance(61 * dayMs)
  const keep = await keeper()
  const one = `where id = '${gets[3]!.id}'`
  const ofOne = `where event = '${gets[3]!.id}'`
  const tables = ['event', 'log_entry']
  for (const change of [
    `update memkeep.event set memories = array[gen_random_uuid()] ${one}`,
    `update memkeep.event set affected = affected + 1 ${one}`,
    `update memkeep.event set detail = substring(detail for 30) ${one}`,
    `update memkeep.event set subject = null, reach = 0 ${one}`,
    `delete from memkeep.event ${one}`,
    `update memkeep.log_entry set event = null ${ofOne}`,
    `update memkeep.log_entry set class = 2 ${ofOne}`,
    `update memkeep.log_entry set event = null, class = 2 ${ofOne}`,
    `update memkeep.log_entry set under = null ${ofOne}; update memkeep.event set affected = 9 ${one}`,
  ]) {
    for (const table of tables)
      await store.database.query(`create table public.kept_${table} as table memkeep.${table}`)
    for (const each of change.split(';')) await store.database.query(each)
    expect(await codeOf(keep.runUpkeep()), change).toBe('ERR_PROOF_INVALID')
    const left = new Set((await reads()).map(({ id }) => id))
    expect(all.filter(({ id }) => !left.has(id) && !(id === gets[3]!.id && change.startsWith('delete')))).toEqual([])
    for (const [table, key, kept] of [
      ['event', 'id', 'id'],
      ['log_entry', 'seq', 'event'],
    ] as const) {
      await store.database.query(
        `delete from memkeep.${table} where (tenant, ${key}) in (select tenant, ${key} from public.kept_${table} where ${kept} = '${gets[3]!.id}')`,
      )
      await store.database.query(
        `insert into memkeep.${table} select * from public.kept_${table} where ${kept} = '${gets[3]!.id}'`,
      )
      await store.database.query(`drop table public.kept_${table}`)
    }
  }
  expect((await keep.runUpkeep()).emptied).toBe(all.length)
})

test('two that put away at once: each read lies there, none is counted out twice', { timeout: 60_000 }, async () => {
  await month(2, 60)
  await store.keep.runUpkeep()
  const all = await reads()
  store.clock.advance(61 * dayMs)
  const [one, other] = [await keeper(), await keeper()]
  const reports = await Promise.allSettled([one.runUpkeep(), other.runUpkeep()])
  for (const report of reports)
    if (report.status === 'rejected') expect(report.reason.code).toBe('ERR_STORE_UNAVAILABLE')
  store.clock.advance(2 * 3_600_000)
  await one.runUpkeep()
  const cold = await coldEvents()
  const left = new Set((await reads()).map(({ id }) => id))
  for (const { id } of all) expect([cold.has(id), left.has(id)]).toEqual([true, false])
})

test('what has no place in its log yet holds its period up, and goes once it has', { timeout: 60_000 }, async () => {
  await month(1, 10)
  await store.keep.runUpkeep()
  // As an event of that time whose transaction ended after all others were in their places.
  const known = new Set((await reads()).map(({ id }) => id))
  await store.memory().search('memory')
  const late = (await reads()).find(({ id }) => !known.has(id))
  store.clock.advance(61 * dayMs)
  const before = (await reads()).length
  const stuck = await store.open({
    upkeep: { ...store.database.upkeep, max: 1 },
    audit: { ...slow, keepReadsDays: 30, coldTier: directoryColdTier({ dir }) },
    seams: {
      clock: store.clock,
      reach: (point) => {
        if (point === 'ledger.read') throw new Error('nothing is put into its place')
      },
    },
  })
  await expect(stuck.runUpkeep()).rejects.toThrow('nothing is put')
  expect((await reads()).length).toBeGreaterThanOrEqual(before)
  await (await keeper()).runUpkeep()
  expect((await coldEvents()).has(late!.id)).toBe(true)
  expect((await reads()).some(({ id }) => id === late!.id)).toBe(false)
})

test('settings that make no sense are refused', async () => {
  const coldTier = directoryColdTier({ dir })
  for (const audit of [
    { keepReadsDays: 30 },
    { coldTier },
    ...[0, 421, 1.5, '30'].map((days) => ({ keepReadsDays: days, coldTier })),
  ])
    expect(await codeOf(store.open({ audit: audit as object }))).toBe('ERR_INPUT_INVALID')
})

test('a name that leads elsewhere is none of the cold tier', async () => {
  const tier = directoryColdTier({ dir })
  for (const name of ['../x', 'x', `${'a'.repeat(32)}/../1-1-1.ndjson.zst`, `${'a'.repeat(32)}/1-1-1.ndjson.zst\0`]) {
    expect((await errorOf(tier.put(name, Buffer.from('x')))).code).toBe('ERR_INPUT_INVALID')
    expect((await errorOf(tier.get(name))).code).toBe('ERR_INPUT_INVALID')
  }
  expect(await tier.get(`${'a'.repeat(32)}/1-000000000000-000000000001.ndjson.zst`)).toBeNull()
})
