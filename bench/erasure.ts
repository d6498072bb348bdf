// npm run bench:erasure: what it costs to erase a subject, from the request to the last row (the wait for the lease and the
// replacement of keys apart), beside a bare DELETE of the same rows from a copy of the table with the same indexes. Once alone,
// once among many other tenants' rows. Ratios within one run. BENCH_ROUNDS (3), BENCH_MEMORIES (10,000) and BENCH_OTHERS (500,000).
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { embedded } from '@memkeep/embedded'
import { openMemkeep } from 'memkeep'
import { directoryKeyStore, localKeys } from 'memkeep/keys/local'
import { mintGrant, mintScope } from 'memkeep/trust'
import pg from 'pg'
import { memoryText } from './texts.ts'

const rounds = Number(process.env.BENCH_ROUNDS ?? 3)
const memories = Number(process.env.BENCH_MEMORIES ?? 10_000)
const others = Number(process.env.BENCH_OTHERS ?? 500_000)

const dir = await mkdtemp(join(tmpdir(), 'mk-bench-'))
const engine = embedded({ dir: join(dir, 'db') })
const running = await engine.start()
const keep = await openMemkeep({
  database: engine,
  keys: localKeys({ file: join(dir, 'keys', 'root.key') }),
  keyStore: directoryKeyStore({ dir: join(dir, 'keys', 'store') }),
})
const pool = new pg.Pool({ ...running.admin, max: 1 })
try {
  await bench()
} finally {
  await pool.end()
  await keep.close()
  await running.release()
  await rm(dir, { recursive: true, force: true, maxRetries: 50, retryDelay: 200 })
}

async function bench(): Promise<void> {
  const grant = mintGrant({
    principal: { id: 'bench', roles: [] },
    rights: ['tenants'],
    reason: 'bench',
    ttlSeconds: 3600,
  })
  await keep.privileged(grant).tenants.create('acme')
  await pool.query('create table public.bare (like memkeep.memory including all)')
  console.log('| other rows | bare DELETE ms | erase ms | erase / bare |')
  console.log('|---|---|---|---|')
  for (const beside of [0, others]) {
    if (beside > 0) await fillOthers(beside)
    const bare: number[] = []
    const erased: number[] = []
    for (let round = 0; round < rounds; round++) {
      const subject = `${beside} ${round}`
      const tags = await fill(subject, memories)
      bare.push(await timed(() => bareDelete(tags)))
      erased.push(await timed(() => eraseRows(subject)))
    }
    const [b, e] = [median(bare), median(erased)]
    console.log(`| ${beside} | ${b.toFixed(0)} | ${e.toFixed(0)} | ${(e / b).toFixed(2)} |`)
  }
  await perMinute()
}

/** The subject's rows, and a copy of them in the bare table; both as a vacuum leaves them. */
async function fill(subject: string, count: number): Promise<readonly [tenant: Buffer, subject: Buffer]> {
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
  await pool.query('vacuum analyze memkeep.memory')
  await pool.query('vacuum analyze public.bare')
  await pool.query('checkpoint')
  return tags
}

/** Rows of other tenants, in both tables: made in the database, as nobody looks at them. */
async function fillOthers(count: number): Promise<void> {
  process.stderr.write(`filling ${count} rows of other tenants ...\n`)
  for (const table of ['memkeep.memory', 'public.bare']) {
    await pool.query(
      `insert into ${table} (tenant, subject, id, version, sensitivity, trust, actor, kind, at_ms, created_ms, updated_ms, derived_from,
         shelf_version, epoch, content, details, entry)
       select substring(sha256(int4send(n % 1000)) for 16), substring(sha256(int4send(n % 20000)) for 16), gen_random_uuid(), 1, 1, 1, 0, 'fact', 1, 1, 1,
         '{}', n, 1, sha256(int4send(n)), sha256(int4send(n)), sha256(int4send(n)) from generate_series(1, $1) n`,
      [count],
    )
  }
}

async function bareDelete([tenant, subject]: readonly [Buffer, Buffer]): Promise<void> {
  await pool.query('delete from public.bare where tenant = $1 and subject = $2', [tenant, subject])
}

/** Until every row is gone: what follows waits for the lease. */
async function eraseRows(subject: string): Promise<void> {
  const scope = mintScope({ tenant: 'acme', subject, principal: { id: 'bench', roles: ['admin'] } })
  const erasure = await keep.eraseSubject(scope, { reason: 'test' })
  for await (const { step } of erasure) if (step === 'derive') return
}

async function perMinute(): Promise<void> {
  const count = 200
  for (let number = 0; number < count; number++) {
    const scope = { tenant: 'acme', subject: `small ${number}`, principal: { id: 'bench', roles: ['agent'] } }
    await keep.for(mintScope(scope)).add('one', { actor: 'user' })
  }
  let next = 0
  const lane = async () => {
    while (next < count) await eraseRows(`small ${next++}`)
  }
  const ms = await timed(async () => void (await Promise.all([lane(), lane(), lane(), lane()])))
  console.log(
    `\n${((count / ms) * 60_000).toFixed(0)} erasures a minute of subjects with one memory, four at a time, up to the wait`,
  )
}

async function timed(work: () => Promise<void>): Promise<number> {
  const began = performance.now()
  await work()
  return performance.now() - began
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!
}
