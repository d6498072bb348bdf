/**
 * What the ledger costs: `add` through the same doorway with its event, with an event that nobody puts into a log, and without
 * any; and how fast waiting events get their places, beside the highest rate at which this machine makes them, the faster of durable and
 * relaxed reads. In turns, on one server. Ends with 1 where an `add` with an event that gets its place is below 0.80 of one without, or
 * events get their places less than 5.0 times as fast as they are made.
 *
 *   npm run bench:ledger
 *
 * BENCH_ROUNDS (default 7), BENCH_SECONDS a turn (1), EVENTS that wait (20000), TENANTS they are of (1 and 200).
 */
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { embedded } from '@memkeep/embedded'
import { type Keep, openMemkeep, type ScopedMemory } from 'memkeep'
import { directoryKeyStore, localKeys } from 'memkeep/keys/local'
import { mintGrant, mintScope } from 'memkeep/trust'
import pg from 'pg'
import { install } from '../packages/memkeep/src/store/install.ts'
import { sayOtherBuild } from '../test/database.ts'
import { expectAtLeast } from './bounds.ts'
import { interleave } from './rounds.ts'
import { memoryText } from './texts.ts'

const setting = (name: string, fallback: number) => Number(process.env[name] ?? fallback)
const [rounds, seconds, events] = [setting('BENCH_ROUNDS', 7), setting('BENCH_SECONDS', 1), setting('EVENTS', 20_000)]
const clients = 8
/** To the throughput without an event; to the rate at which events are made. */
const least = { add: 0.8, sequencing: 5 }
const principal = { id: 'bench', roles: ['agent'] }

const fast = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
const [dir, keyDir] = [await mkdtemp(join(tmpdir(), 'mk-bench-')), await mkdtemp(join(fast, 'mk-bench-keys-'))]
const engine = await embedded({ dir }).start()

/** What `record` does in each database: parts of its one statement are taken out of it. */
const statement =
  / {2}with written as \(\n( {4}insert into memkeep\.event [\s\S]+?)\n {2}\)\n {2}insert into memkeep\.pending [^;]+;\n/
const bodies = {
  whole: (body: string) => body,
  'no place': (body: string) => body.replace(statement, '$1;\n'),
  'no event': (body: string) => body.replace(statement, ''),
} as const

const placeOf = (name: keyof typeof bodies) => ({
  keys: localKeys({ file: join(keyDir, name, 'root.key') }),
  keyStore: directoryKeyStore({ dir: join(keyDir, name, 'store') }),
  acceptOldServer: true,
})

async function open(name: keyof typeof bodies): Promise<Keep> {
  const database = `ledger_${Object.keys(bodies).indexOf(name)}`
  const admin = { ...engine.admin, database }
  await query(engine.admin, `create database ${database}`)
  await install(admin, { app: engine.app.password, upkeep: engine.upkeep.password })
  const [{ text }] = (await query(admin, "select pg_get_functiondef('memkeep.record'::regproc) as text")) as [
    { text: string },
  ]
  const changed = bodies[name](text)
  if (name !== 'whole' && changed === text) throw new Error('record() is not as this program knows it')
  await query(admin, changed)
  // Whoever opens a database of another build does not compare what it is made of.
  if (name !== 'whole') await sayOtherBuild({ query: (text) => query(admin, text) as Promise<never[]> })
  const keep = await openMemkeep({
    database: { ...engine.app, database, max: clients },
    upkeep: { ...engine.upkeep, database },
    ...placeOf(name),
    audit: { mergeDelaySeconds: 3600 },
  })
  await createTenant(keep, 'acme')
  return keep
}

async function query(settings: pg.ClientConfig, text: string): Promise<unknown[]> {
  const client = new pg.Client(settings)
  await client.connect()
  const { rows } = await client.query(text)
  await client.end()
  return rows
}

async function createTenant(keep: Keep, tenant: string): Promise<void> {
  const grant = mintGrant({ principal, rights: ['tenants'], reason: 'bench', ttlSeconds: 86_400 })
  await keep.privileged(grant).tenants.create(tenant)
}

function memoryOf(keep: Keep, tenant: string, client: number): ScopedMemory {
  return keep.for(mintScope({ tenant, subject: `writer-${client}`, principal, ttlSeconds: 86_400 }))
}

const nobody = '00000000-0000-0000-0000-000000000000'

async function costOfAdd(): Promise<void> {
  const keeps = { whole: await open('whole'), 'no place': await open('no place'), 'no event': await open('no event') }
  try {
    console.log(
      '| add, clients | without an event/s | with one/s | ratio | with one that waits for its place/s | ratio |',
    )
    console.log('|---|---|---|---|---|---|')
    for (const number of [1, clients]) {
      let turn = 0
      const contestants = Object.entries(keeps).map(([name, keep]) => ({
        name,
        run: (client: number) => memoryOf(keep, 'acme', client).add(memoryText(turn++), { actor: 'user' as const }),
      }))
      const [whole, place, none] = await interleave(contestants, { rounds, seconds, clients: number })
      const cells = [none!.perSecond.toFixed(0), place!.perSecond.toFixed(0), place!.ratio('no event').toFixed(2)]
      console.log(
        `| ${number} | ${cells.join(' | ')} | ${whole!.perSecond.toFixed(0)} | ${whole!.ratio('no event').toFixed(2)} |`,
      )
      expectAtLeast(`add, clients ${number}`, whole!.ratio('no event'), least.add)
    }
    await sequencing(keeps.whole)
  } finally {
    for (const keep of Object.values(keeps)) await keep.close()
  }
}

async function waiting(): Promise<number> {
  const text = 'select count(*)::int as n from memkeep.pending'
  const [row] = (await query({ ...engine.admin, database: 'ledger_0' }, text)) as [{ n: number }]
  return row.n
}

/** `number` events of as many tenants; how many a second. */
async function make(keep: Keep, tenants: number, number: number): Promise<number> {
  const began = performance.now()
  let next = 0
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      for (let n = next++; n < number; n = next++) await memoryOf(keep, `tenant-${n % tenants}`, client).get(nobody)
    }),
  )
  return number / ((performance.now() - began) / 1000)
}

async function sequencing(durable: Keep): Promise<void> {
  await durable.sequence()
  await using relaxed = await openMemkeep({
    database: { ...engine.app, database: 'ledger_0', max: clients },
    ...placeOf('whole'),
    audit: { mergeDelaySeconds: 3600, reads: 'relaxed' },
  })
  console.log('\n| tenants | events | made, durable/s | made, relaxed/s | put into logs/s | times the faster |')
  console.log('|---|---|---|---|---|---|')
  for (const tenants of [1, setting('TENANTS', 200)]) {
    for (let n = 0; n < tenants; n++) await createTenant(durable, `tenant-${n}`)
    const made: number[] = []
    for (const keep of [durable, relaxed]) made.push(await make(keep, tenants, events / 2))
    const from = performance.now()
    // The pass that the keep makes each minute may take some of them at the same time, or have taken them before.
    const number = await waiting()
    while ((await waiting()) > 0) await durable.sequence()
    const logged = number / ((performance.now() - from) / 1000)
    const times = logged / Math.max(...made)
    const cells = [tenants, number, ...[...made, logged].map((each) => each.toFixed(0)), times.toFixed(1)]
    console.log(`| ${cells.join(' | ')} |`)
    expectAtLeast(`sequencing, tenants ${tenants}`, times, least.sequencing)
  }
}

try {
  await costOfAdd()
} finally {
  await engine.release()
  for (const each of [dir, keyDir]) await rm(each, { recursive: true, force: true, maxRetries: 50, retryDelay: 200 })
}
