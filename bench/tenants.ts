/**
 * Many tenants in one deployment: does a tenant that is used notice the others? Searches over a hot set of tenants, in a
 * deployment of that set alone and in one of TENANTS tenants, on one server, in turns; then searches over all tenants
 * alike, where nearly every shelf is cold; and what the process takes in memory. Ends with 1 where the hot set's p50 is more than
 * 1.3 times that of the small deployment, or the shelves take more than their budget.
 *
 * The first FILLED tenants (default: all) are filled through the library, and these alone are asked. The rest, for a number
 * that would take hours so, are rows of them copied by the server under tags of their own: as many, as long and as
 * indexed, but under no key that would open them, and no key of theirs lies in the key store.
 *
 *   node --expose-gc --conditions=memkeep-src bench/tenants.ts
 *
 * TENANTS (default 1000; the claim is about 100000), FILLED, MEMORIES of each (20), HOT (100), CLIENTS (1), ROUNDS (9),
 * SEARCHES a turn (400), UNIFORM searches over all tenants (twice each, at most 20000), BUDGET_MIB for shelves (32),
 * HOLD_KEYS_MS (300000, the library's default): opened keys take memory too, and the shelf budget does not count them.
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
import { expectAtMost } from './bounds.ts'
import { median } from './rounds.ts'
import { memoryText, queryText } from './texts.ts'

const setting = (name: string, fallback: number) => Number(process.env[name] ?? fallback)
const tenants = setting('TENANTS', 1000)
const filled = Math.min(tenants, setting('FILLED', tenants))
const memories = setting('MEMORIES', 20)
const hot = setting('HOT', 100)
const clients = setting('CLIENTS', 1)
const rounds = setting('ROUNDS', 9)
const searches = setting('SEARCHES', 400)
const budgetMib = setting('BUDGET_MIB', 32)
const uniformSearches = setting('UNIFORM', Math.min(2 * filled, 20_000))
const holdKeysMs = setting('HOLD_KEYS_MS', 300_000)
const fillers = 8

/** Key records are files that are synced one by one: where that costs nothing, filling is not a test of the disk. */
const fast = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
const [dir, keyDir] = [await mkdtemp(join(tmpdir(), 'mk-bench-')), await mkdtemp(join(fast, 'mk-bench-keys-'))]
const engine = await embedded({ dir }).start()
const principal = { id: 'bench', roles: ['agent'] }

/** A keep on a database of its own. Opened anew it holds no shelf and no key. */
function open(name: string): Promise<Keep> {
  return openMemkeep({
    database: { ...engine.app, database: name, max: Math.max(fillers, clients) },
    upkeep: { ...engine.upkeep, database: name },
    keys: localKeys({ file: join(keyDir, name, 'root.key') }),
    keyStore: directoryKeyStore({ dir: join(keyDir, name, 'store') }),
    shelfBudgetBytes: budgetMib * 2 ** 20,
    holdKeysMs,
    acceptOldServer: true,
  })
}

function memoryOf(keep: Keep, tenant: number): ScopedMemory {
  return keep.for(mintScope({ tenant: `tenant-${tenant}`, subject: 'ana', principal, ttlSeconds: 86_400 }))
}

/** Rows of the `number` filled tenants once more, for the tenants `from` up to `to`, under tags and ids of their own. */
async function copy(client: pg.Client, number: number, from: number, to: number): Promise<void> {
  const { rows } = await client.query<{ table: string; columns: string[] }>(
    `select a.attrelid::regclass::text as table, array_agg(a.attname::text order by a.attnum) as columns from pg_attribute a
     where a.attrelid = any ('{memkeep.tenant,memkeep.shelf,memkeep.memory,memkeep.event,memkeep.log_entry}'::regclass[])
       and a.attnum > 0 and not a.attisdropped group by 1`,
  )
  const numbered = '(select tenant, row_number() over (order by tenant) - 1 as number from bench_filled) as f'
  await client.query('create temp table if not exists bench_filled as select tenant from memkeep.tenant')
  for (const { table, columns } of rows) {
    const values = columns.map((column) => {
      if (column === 'tenant') return "substring(sha256(('tenant ' || n)::bytea) for 16)"
      if (column === 'subject') return "substring(sha256(('subject ' || n)::bytea || t.subject) for 16)"
      return column === 'id' ? 'gen_random_uuid()' : `t.${column}`
    })
    await client.query(
      `insert into ${table} (${columns.join(', ')}) select ${values.join(', ')} from generate_series($1::int, $2::int - 1) n
       join ${numbered} on f.number = n % $3::int join ${table} t on t.tenant = f.tenant`,
      [from, to, number],
    )
  }
}

/** `number` tenants through the library, and copies of their rows up to `all`. */
async function fill(name: string, number: number, all = number): Promise<void> {
  const server = new pg.Client(engine.admin)
  await server.connect()
  await server.query(`create database ${name}`)
  await server.end()
  const admin = { ...engine.admin, database: name }
  await install(admin, { app: engine.app.password, upkeep: engine.upkeep.password })
  await using keep = await open(name)
  const grant = mintGrant({ principal, rights: ['tenants'], reason: 'bench', ttlSeconds: 86_400 })
  const began = performance.now()
  let next = 0
  const filler = async (): Promise<void> => {
    for (let tenant = next++; tenant < number; tenant = next++) {
      await keep.privileged(grant).tenants.create(`tenant-${tenant}`)
      const texts = Array.from({ length: memories }, (_, n) => memoryText(tenant * memories + n))
      await memoryOf(keep, tenant).addMany(texts.map((content) => ({ content, actor: 'user' as const })))
      if ((tenant + 1) % 5000 === 0) process.stderr.write(`${name}: ${tenant + 1} tenants\n`)
    }
  }
  await Promise.all(Array.from({ length: fillers }, filler))
  const client = new pg.Client(admin)
  await client.connect()
  for (let from = number; from < all; from += 10_000) {
    await copy(client, number, from, Math.min(from + 10_000, all))
    process.stderr.write(`${name}: ${Math.min(from + 10_000, all)} tenants\n`)
  }
  await client.query('vacuum analyze')
  await client.end()
  const seconds = (performance.now() - began) / 1000
  process.stderr.write(`${name}: ${all} tenants in ${seconds.toFixed(0)} s\n`)
}

/** Milliseconds that each search took; `tenantOf` names the tenant of the nth. */
async function run(keep: Keep, number: number, tenantOf: (n: number) => number): Promise<number[]> {
  const times: number[] = []
  let next = 0
  const client = async (): Promise<void> => {
    for (let n = next++; n < number; n = next++) {
      const memory = memoryOf(keep, tenantOf(n))
      const began = performance.now()
      await memory.search(queryText(n))
      times.push(performance.now() - began)
    }
  }
  await Promise.all(Array.from({ length: clients }, client))
  return times
}

const quantile = (times: readonly number[], share: number) =>
  times.toSorted((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * share))]!

/** The hot set of a deployment: spread over all of its tenants that were filled. */
const hotOf = (all: number) => (n: number) => Math.floor(((n * 7919) % hot) * (all / hot))
/** Each tenant once before any comes again, in an order that jumps about. */
const anyOf = (all: number) => (n: number) => (n * 7919 + 13) % all

function inUse(): number {
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return (heapUsed + external) / 2 ** 20
}

async function bench(): Promise<void> {
  await fill('few', hot)
  await fill('many', filled, tenants)
  await using few = await open('few')
  await using many = await open('many')
  const sides = [
    { keep: few, tenantOf: hotOf(hot), p50: [] as number[], p99: [] as number[] },
    { keep: many, tenantOf: hotOf(filled), p50: [] as number[], p99: [] as number[] },
  ]
  for (const { keep, tenantOf } of sides) await run(keep, 3 * hot, tenantOf)
  for (let round = 0; round < rounds; round++) {
    for (const side of round % 2 ? sides.toReversed() : sides) {
      const times = await run(side.keep, searches, side.tenantOf)
      side.p50.push(quantile(times, 0.5))
      side.p99.push(quantile(times, 0.99))
    }
  }
  const ratio = median(sides[1]!.p50.map((time, round) => time / sides[0]!.p50[round]!))
  console.log(
    `search, hot set of ${hot} tenants x ${memories} memories, ${clients} client(s), medians of ${rounds} rounds`,
  )
  console.log('| deployment | p50 ms | p99 ms | p50 to the small one |')
  console.log('|---|---|---|---|')
  const cells = sides.map(({ p50, p99 }) => `${median(p50).toFixed(2)} | ${median(p99).toFixed(2)}`)
  console.log(`| ${hot} tenants | ${cells[0]} | 1 |`)
  console.log(`| ${tenants} tenants | ${cells[1]} | ${ratio.toFixed(2)} |`)
  expectAtMost(`${tenants} tenants, p50 to the small one`, ratio, 1.3)
  await uniform(many)
}

/** Nearly every search finds its shelf cold. The keep stays open: what it holds must not grow with the tenants it has seen. */
async function uniform(keep: Keep): Promise<void> {
  console.log(`\nsearch, every tenant alike, of ${filled}; shelf budget ${budgetMib} MiB`)
  console.log('| searches so far | p50 ms | p99 ms | shelves, MiB | memory in use, MiB |')
  console.log('|---|---|---|---|---|')
  const shelves = () => keep.metrics().shelves.bytes / 2 ** 20
  console.log(`| 0 | | | ${shelves().toFixed(1)} | ${inUse().toFixed(0)} |`)
  const part = Math.ceil(uniformSearches / 5)
  for (let done = 0; done < uniformSearches; done += part) {
    const times = await run(keep, part, (n) => anyOf(filled)(done + n))
    const [p50, p99] = [quantile(times, 0.5), quantile(times, 0.99)]
    const cells = [done + part, p50.toFixed(2), p99.toFixed(2), shelves().toFixed(1), inUse().toFixed(0)]
    console.log(`| ${cells.join(' | ')} |`)
    expectAtMost(`after ${done + part} searches, MiB of shelves`, shelves(), budgetMib)
  }
}

try {
  await bench()
} finally {
  await engine.release()
  for (const place of [dir, keyDir]) await rm(place, { recursive: true, force: true, maxRetries: 50, retryDelay: 200 })
}
