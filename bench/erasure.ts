// npm run bench:erasure: what it costs to erase a subject of 10,000 memories, from the request to the last row, beside a bare
// DELETE of the same rows from a copy of the table with the same indexes: alone, and among rows of other tenants, as many as give the indexes
// the levels that ten million rows have. The two take turns at going first; each has its rows in memory and its connection open. Ratios
// within a round, and the median of them. Beside the clock, the processor time of both sides, which other work on the machine disturbs less.
// Then the steps after the wait for the lease, and how many small subjects are erased a minute. Nothing is vacuumed meanwhile.
// Ends with 1 where an erasure takes more than three times its DELETE. BENCH_ROUNDS (5), BENCH_MEMORIES (10,000), BENCH_OTHERS (2,000,000).
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { embedded } from '@memkeep/embedded'
import { type ErasureStep, openMemkeep } from 'memkeep'
import { directoryKeyStore, localKeys } from 'memkeep/keys/local'
import { mintGrant, mintScope } from 'memkeep/trust'
import pg from 'pg'
import { expectAtMost } from './bounds.ts'
import { median } from './rounds.ts'
import { serverClock } from './server-time.ts'
import { memoryText } from './texts.ts'

const rounds = Number(process.env.BENCH_ROUNDS ?? 5)
const memories = Number(process.env.BENCH_MEMORIES ?? 10_000)
const others = Number(process.env.BENCH_OTHERS ?? 2_000_000)
/** Of the time of a bare DELETE, by the clock. */
const most = 3

const dir = await mkdtemp(join(tmpdir(), 'mk-bench-'))
const engine = embedded({ dir: join(dir, 'db') })
const running = await engine.start()
const keep = await openMemkeep({
  database: engine,
  keys: localKeys({ file: join(dir, 'keys', 'root.key') }),
  keyStore: directoryKeyStore({ dir: join(dir, 'keys', 'store') }),
  // The shortest wait.
  holdKeysMs: 1000,
})
const pool = new pg.Pool({ ...running.admin, max: 1 })
const serverTime = await serverClock(pool)
try {
  await bench()
} finally {
  await pool.end()
  await keep.close()
  await running.release()
  await rm(dir, { recursive: true, force: true, maxRetries: 50, retryDelay: 200 })
}

/** Milliseconds: by the clock, and of the processor. */
interface Took {
  readonly clock: number
  readonly processor: number
}

interface Erased extends Took {
  readonly keys: number
  readonly verify: number
}

async function bench(): Promise<void> {
  const rights = ['tenants'] as const
  const grant = mintGrant({ principal: { id: 'bench', roles: [] }, rights, reason: 'bench', ttlSeconds: 3600 })
  await keep.privileged(grant).tenants.create('acme')
  await pool.query('create table public.bare (like memkeep.memory including all)')
  await pool.query('create extension pageinspect')
  await pool.query('alter system set autovacuum = off')
  await pool.query('select pg_reload_conf()')
  console.log(
    '| other rows | index levels | bare DELETE ms | erase ms | erase / bare | of the processor: bare ms | erase ms | erase / bare | then keys ms | verify ms |',
  )
  console.log('|---|---|---|---|---|---|---|---|---|---|')
  for (const beside of [0, others]) {
    if (beside > 0) await fillOthers(beside)
    const turns: { bare: Took; erased: Erased }[] = []
    // The first warms up.
    for (let round = -1; round < rounds; round++) {
      const turn = await takeTurn(`${beside} ${round}`, round % 2 === 0)
      if (round >= 0) turns.push(turn)
    }
    const bare = turns.map((turn) => turn.bare)
    const erased = turns.map((turn) => turn.erased)
    const columns = (what: keyof Took) => [
      median(bare.map((took) => took[what])).toFixed(1),
      median(erased.map((took) => took[what])).toFixed(1),
      median(turns.map((turn) => turn.erased[what] / turn.bare[what])).toFixed(2),
    ]
    const later = (['keys', 'verify'] as const).map((step) => median(erased.map((took) => took[step])).toFixed(0))
    const cells = [beside, await levels(), ...columns('clock'), ...columns('processor'), ...later]
    console.log(`| ${cells.join(' | ')} |`)
    expectAtMost(`an erasure beside ${beside} other rows, to a bare DELETE`, Number(columns('clock')[2]), most)
  }
  await perMinute()
}

async function takeTurn(subject: string, bareFirst: boolean): Promise<{ bare: Took; erased: Erased }> {
  const tags = await fill(subject, memories)
  if (bareFirst) return { bare: await bareDelete(tags), erased: await erase(subject, tags) }
  const erased = await erase(subject, tags)
  return { erased, bare: await bareDelete(tags) }
}

type Tags = readonly [tenant: Buffer, subject: Buffer]

/** The subject's rows, and a copy of them in the bare table; both as a vacuum leaves them. */
async function fill(subject: string, count: number): Promise<Tags> {
  process.stderr.write(`filling ${subject} ...\n`)
  const memory = keep.for(mintScope({ tenant: 'acme', subject, principal: { id: 'bench', roles: ['agent'] } }))
  for (let from = 0; from < count; from += 1000) {
    const texts = Array.from({ length: Math.min(1000, count - from) }, (_, number) => memoryText(from + number))
    await memory.addMany(texts.map((content) => ({ content, actor: 'user' as const })))
  }
  const { rows } = await pool.query<{ tenant: Buffer; subject: Buffer }>(
    'select tenant, subject from memkeep.shelf where memories = $1',
    [count],
  )
  const tags = [rows[0]!.tenant, rows[0]!.subject] as const
  await pool.query('insert into public.bare select * from memkeep.memory where tenant = $1 and subject = $2', [...tags])
  await pool.query('vacuum (analyze) memkeep.memory, public.bare')
  await pool.query('checkpoint')
  return tags
}

/** Rows of other tenants, in both tables: made in the database, as nobody looks at them. Indexes are made after them, which is faster. */
async function fillOthers(count: number): Promise<void> {
  process.stderr.write(`filling ${count} rows of other tenants ...\n`)
  for (const table of ['memkeep.memory', 'public.bare']) {
    const { rows: constraints } = await pool.query<{ name: string; definition: string }>(
      `select conname as name, pg_get_constraintdef(oid) as definition from pg_constraint where conrelid = $1::regclass and contype = 'p'`,
      [table],
    )
    const { name, definition } = constraints[0]!
    await pool.query(`alter table ${table} drop constraint ${name}`)
    const { rows: indexes } = await pool.query<{ name: string; definition: string }>(
      'select indexrelid::regclass as name, pg_get_indexdef(indexrelid) as definition from pg_index where indrelid = $1::regclass',
      [table],
    )
    for (const index of indexes) await pool.query(`drop index ${index.name}`)
    await pool.query(
      `insert into ${table} (tenant, subject, id, version, sensitivity, trust, actor, kind, at_ms, created_ms, updated_ms, derived_from,
         shelf_version, epoch, content, details, entry)
       select substring(sha256(int4send(n % 1000)) for 16), substring(sha256(int4send(n % 20000)) for 16), gen_random_uuid(), 1, 1, 1, 0, 'fact', 1, 1, 1,
         '{}', n, 1, sha256(int4send(n)), sha256(int4send(n)), sha256(int4send(n)) from generate_series(1, $1) n`,
      [count],
    )
    await pool.query(`alter table ${table} add constraint ${name} ${definition}`)
    for (const index of indexes) await pool.query(index.definition)
  }
}

/** Of the primary key's tree, the leaves included. */
async function levels(): Promise<number> {
  const { rows } = await pool.query<{ levels: number }>(
    `select level + 1 as levels from bt_metap('memkeep.memory_pkey')`,
  )
  return rows[0]!.levels
}

async function readRows(table: string, tags: Tags): Promise<void> {
  await pool.query(`select sum(octet_length(content)) from ${table} where tenant = $1 and subject = $2`, [...tags])
}

async function bareDelete(tags: Tags): Promise<Took> {
  await readRows('public.bare', tags)
  return timed(async () => {
    await pool.query('delete from public.bare where tenant = $1 and subject = $2', [...tags])
  })
}

/** Until every row is gone; then what follows the waiting for the lease. */
async function erase(subject: string, tags: Tags): Promise<Erased> {
  await readRows('memkeep.memory', tags)
  const scope = mintScope({ tenant: 'acme', subject, principal: { id: 'bench', roles: ['admin'] } })
  // Keys are held for a second: found here, so that it begins warm as well.
  await keep.for(scope).erasures.list()
  let steps: AsyncIterator<ErasureStep> | undefined
  const took = await timed(async () => {
    steps = (await keep.eraseSubject(scope, { reason: 'test' }))[Symbol.asyncIterator]()
    await reached(steps, 'derive')
  })
  const { beganAt } = await reached(steps!, 'keys')
  const keys = Date.now() - beganAt.getTime()
  const verify = await timed(() => reached(steps!, 'verify'))
  await reached(steps!, 'attest')
  return { ...took, keys, verify: verify.clock }
}

async function reached(steps: AsyncIterator<ErasureStep>, name: ErasureStep['step']): Promise<ErasureStep> {
  for (;;) {
    const { value, done } = await steps.next()
    if (done === true) throw new Error(`it ended before ${name}`)
    if (value.step === name) return value
  }
}

async function perMinute(): Promise<void> {
  const count = 200
  for (let number = 0; number < count; number++) {
    const scope = { tenant: 'acme', subject: `small ${number}`, principal: { id: 'bench', roles: ['agent'] } }
    await keep.for(mintScope(scope)).add('one', { actor: 'user' })
  }
  const done: Promise<unknown>[] = []
  let next = 0
  const lane = async () => {
    while (next < count) {
      const subject = `small ${next++}`
      const scope = mintScope({ tenant: 'acme', subject, principal: { id: 'bench', roles: ['admin'] } })
      const erasure = await keep.eraseSubject(scope, { reason: 'test' })
      done.push(erasure.done)
      await reached(erasure[Symbol.asyncIterator](), 'derive')
    }
  }
  const lanes = [lane(), lane(), lane(), lane()]
  const deleted = await timed(() => Promise.all(lanes))
  const attested = await timed(() => Promise.all(done))
  const perMinute = (ms: number) => ((count / ms) * 60_000).toFixed(0)
  console.log(
    `\n${perMinute(deleted.clock)} erasures a minute of subjects with one memory, four at a time, up to the last row; ` +
      `${perMinute(deleted.clock + attested.clock)} up to the attestation, waiting for lease and log together`,
  )
}

async function timed(work: () => Promise<unknown>): Promise<Took> {
  const [server, own] = [serverTime(), process.cpuUsage()]
  const began = performance.now()
  await work()
  const clock = performance.now() - began
  const { user, system } = process.cpuUsage(own)
  return { clock, processor: (serverTime() - server + user + system) / 1000 }
}
