/**
 * What it costs to carry a verified token's claims to the row policies, in three ways, on a shelf of 10 000 memories among
 * 200 other tenants. Prints medians over interleaved rounds, and their ratio to the same doorway without row security.
 *
 *   node --conditions=memkeep-src bench/claims.ts [rounds]
 */
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { embedded } from '@memkeep/embedded'
import pg from 'pg'
import { install } from '../packages/memkeep/src/store/install.ts'
import {
  type Claims,
  hmacPads,
  mintToken,
  type TokenKey,
  tokenWindow,
  tokenWindowBounds,
} from '../packages/memkeep/src/store/token.ts'

const rounds = Number(process.argv[2] ?? 40)
const shelfRows = 10_000
const tag = (name: string) => createHash('sha256').update(name).digest().subarray(0, 16)
const tenant = tag('tenant')
const subject = tag('subject')
const key: TokenKey = { id: tokenWindow(Date.now()), key: randomBytes(32) }
const claims: Claims = {
  tenant,
  reach: 'subject',
  shelf: subject,
  tenantEpoch: 1,
  shelfEpoch: 1,
  clearance: 0b111,
  writable: 0b111,
  actors: 0b1111,
  rights: 0b1111,
  principal: tag('principal'),
  policyVersion: 0,
}
const token = (doorway: string) => mintToken(key, claims, { doorway, event: randomUUID(), atMs: Date.now() })

/** One way to carry claims: what differs from the schema as installed. */
const ways: Record<string, readonly string[]> = {
  'no row security': ['tenant', 'shelf', 'memory', 'memory_version', 'removal', 'request', 'event'].map(
    (table) => `alter table memkeep.${table} disable row level security`,
  ),
  'plain setting': [
    `create or replace function memkeep.open_claims() returns bytea language sql stable
       return decode(current_setting('memkeep.claims', true), 'hex')`,
  ],
  'verified, once a row': [
    'drop index memkeep.memory_shelf',
    'create index memory_shelf on memkeep.memory (tenant, subject, shelf_version, id)',
  ],
  'verified, once a scan': [],
}

const noId = '00000000-0000-0000-0000-000000000000'
// Without the entries themselves: what is measured is the database's work, not the transfer.
const load = `select part, shelf_version, id from memkeep.load($1, $2, $3, $4, $5, 5000, 'd')`
const recall = `select * from memkeep.recall($1, $2, 'memory.search', array[$3::bytea], array[0::bigint], false, $4,
  array[$3::bytea], 'd')`
const remember = `select * from memkeep.remember($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, null, null, null,
  null, 'd')`

interface Bench {
  readonly client: pg.Client
  readonly ids: string[]
}

async function loadShelf({ client }: Bench): Promise<void> {
  let after: [string, string] = ['0', noId]
  let seen = 0
  for (let more = true; more; ) {
    const { rows } = await client.query(load, [tenant, token('load'), subject, ...after])
    const entries = rows.filter((row) => row.part === 3)
    more = entries.length === 5000
    seen += entries.length
    if (more) after = [entries.at(-1).shelf_version, entries.at(-1).id]
  }
  if (seen < shelfRows) throw new Error(`${seen} entries`)
}

async function recallTen({ client, ids }: Bench): Promise<void> {
  const start = Math.floor(Math.random() * (shelfRows - 10))
  const { rows } = await client.query(recall, [tenant, token('recall'), subject, ids.slice(start, start + 10)])
  if (rows.length !== 11) throw new Error(`${rows.length} rows`)
}

const rememberSome =
  (number: number) =>
  async ({ client }: Bench): Promise<void> => {
    const list = Array.from({ length: number }, () => randomUUID())
    const each = <T>(value: T) => list.map(() => value)
    const bytes = each(Buffer.alloc(300, 1))
    const { rows } = await client.query(remember, [
      tenant,
      token('remember'),
      Buffer.from('name'),
      list,
      each(0),
      each(0),
      each(0),
      each('fact'),
      each(1),
      each(null),
      each('{}'),
      bytes,
      bytes,
      bytes,
    ])
    if (rows[0].outcome !== 'ok') throw new Error(rows[0].outcome)
  }

const work: Record<string, (bench: Bench) => Promise<void>> = {
  'load 10 000': loadShelf,
  'recall 10 by id': recallTen,
  'remember 1': rememberSome(1),
  'remember 100': rememberSome(100),
}

async function fill(admin: pg.Client): Promise<void> {
  const { ipad, opad } = hmacPads(key.key)
  const { fromMs, untilMs } = tokenWindowBounds(key.id)
  await admin.query('insert into memkeep.token_key values ($1, $2, $3, $4, $5)', [key.id, ipad, opad, fromMs, untilMs])
  const tenants = `(select $1::bytea as tenant, $2::bytea as subject, ${shelfRows} as number
    union all select substring(sha256(int4send(n)) for 16), substring(sha256(int4send(-n)) for 16), 500 from generate_series(1, 200) n)`
  const tags = [tenant, subject]
  await admin.query(
    `insert into memkeep.tenant select tenant, 1, 0, 0, null, '', 1 from ${tenants} t where $2::bytea is not null`,
    tags,
  )
  await admin.query(
    `insert into memkeep.shelf select tenant, subject, 1, 0, number, 0, number, null, '', 1 from ${tenants} t`,
    tags,
  )
  await admin.query(
    `insert into memkeep.memory select t.tenant, t.subject, gen_random_uuid(), 1, n % 3, 1, 0, 'fact', 1, 1, 1, null, '{}', n, 1,
       decode(repeat('ab', 400), 'hex'), decode(repeat('cd', 200), 'hex'), decode(repeat('ef', 300), 'hex')
     from ${tenants} t, generate_series(1, t.number) n`,
    tags,
  )
  await admin.query('vacuum analyze')
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[sorted.length >> 1]!
}

async function bareStatements(admin: pg.Client, ids: string[]): Promise<void> {
  const bare: Record<string, () => Promise<unknown>> = {
    'load 10 000': () =>
      admin.query(
        'select * from memkeep.memory where tenant = $1 and subject = $2 order by shelf_version, id limit 10000',
        [tenant, subject],
      ),
    'recall 10 by id': () =>
      admin.query('select * from memkeep.memory where tenant = $1 and subject = $2 and id = any ($3)', [
        tenant,
        subject,
        ids.slice(0, 10),
      ]),
  }
  for (const [name, run] of Object.entries(bare)) {
    const times: number[] = []
    for (let round = 0; round < rounds; round++) {
      const start = performance.now()
      await run()
      times.push(performance.now() - start)
    }
    console.log(`bare statement, ${name}: ${median(times).toFixed(2)} ms`)
  }
}

const dir = await mkdtemp(join(tmpdir(), 'mk-bench-'))
const engine = await embedded({ dir }).start()
try {
  const server = new pg.Client(engine.admin)
  await server.connect()
  await server.query('create database mk_bench')
  await install({ ...engine.admin, database: 'mk_bench' }, { app: engine.app.password, upkeep: engine.upkeep.password })
  const filler = new pg.Client({ ...engine.admin, database: 'mk_bench' })
  await filler.connect()
  await fill(filler)
  const { rows } = await filler.query('select id from memkeep.memory where tenant = $1 order by shelf_version', [
    tenant,
  ])
  const ids = rows.map((row) => row.id)
  await bareStatements(filler, ids)
  await filler.end()
  const benches = new Map<string, Bench>()
  for (const [index, [way, changes]] of Object.entries(ways).entries()) {
    const database = `mk_bench_${index}`
    await server.query(`create database ${database} template mk_bench`)
    await server.query(`grant connect on database ${database} to memkeep_app`)
    const admin = new pg.Client({ ...engine.admin, database })
    await admin.connect()
    for (const change of changes) await admin.query(change)
    await admin.query('vacuum analyze')
    await admin.end()
    const client = new pg.Client({ ...engine.app, database })
    await client.connect()
    benches.set(way, { client, ids })
  }
  const times = new Map<string, number[]>()
  for (let round = -5; round < rounds; round++) {
    for (const [name, run] of Object.entries(work)) {
      for (const [way, bench] of benches) {
        const start = performance.now()
        await run(bench)
        if (round >= 0) times.set(`${way}/${name}`, [...(times.get(`${way}/${name}`) ?? []), performance.now() - start])
      }
    }
  }
  console.log(
    `doorways, medians of ${rounds} interleaved rounds, one connection (time; ratio to no row security in the same round)`,
  )
  const names = Object.keys(work)
  console.log(['way'.padEnd(22), ...names.map((name) => name.padStart(22))].join(''))
  for (const way of benches.keys()) {
    const cells = names.map((name) => {
      const own = times.get(`${way}/${name}`)!
      const base = times.get(`no row security/${name}`)!
      const ratio = median(own.map((time, round) => time / base[round]!))
      return `${median(own).toFixed(2)} ms (${ratio.toFixed(2)})`.padStart(22)
    })
    console.log([way.padEnd(22), ...cells].join(''))
  }
  for (const { client } of benches.values()) await client.end()
  await server.end()
} finally {
  await engine.release()
  await rm(dir, { recursive: true, force: true, maxRetries: 50, retryDelay: 200 })
}
