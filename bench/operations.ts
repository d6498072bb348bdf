// npm run bench: each operation of the library beside the bare SQL of an unguarded program, and beside the same with one
// audit insert in its transaction, which is the ceiling of any audited store. Ratios within one run, on one server.
// Ends with 1 below what `least` says. BENCH_ROUNDS (default 7) and BENCH_SECONDS (a turn, default 1) make it longer or shorter.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { embedded } from '@memkeep/embedded'
import { type Keep, openMemkeep, type ScopedMemory } from 'memkeep'
import { directoryKeyStore, localKeys } from 'memkeep/keys/local'
import { mintGrant, mintScope } from 'memkeep/trust'
import { Baseline } from './baselines.ts'
import { aimAtLeast, expectAtLeast } from './bounds.ts'
import { type Contestant, interleave } from './rounds.ts'
import { printStages } from './stages.ts'
import { memoryText, queryText } from './texts.ts'

const rounds = Number(process.env.BENCH_ROUNDS ?? 7)
const seconds = Number(process.env.BENCH_SECONDS ?? 1)
const maxClients = 8
/** With that many clients, to the audited program. */
const [least, aims] = [
  new Map([['search of 1k / full-text search', 0.45]]),
  new Map([
    ['add', 0.5],
    ['get', 0.5],
  ]),
]

const dir = await mkdtemp(join(tmpdir(), 'mk-bench-'))
const engine = embedded({ dir: join(dir, 'db') })
const running = await engine.start()
const parts = {
  database: engine,
  keys: localKeys({ file: join(dir, 'keys', 'root.key') }),
  keyStore: directoryKeyStore({ dir: join(dir, 'keys', 'store') }),
}
const keep = await openMemkeep(parts)
/** Its reads do not wait for the disk; those of the audited program do. */
const relaxed = await openMemkeep({ ...parts, audit: { reads: 'relaxed' } })
try {
  await bench(keep, relaxed)
} finally {
  await relaxed.close()
  await keep.close()
  await running.release()
  await rm(dir, { recursive: true, force: true, maxRetries: 50, retryDelay: 200 })
}

async function bench(keep: Keep, relaxed: Keep): Promise<void> {
  const pool = await Baseline.create({ ...running.admin }, maxClients)
  const { bare, audited } = Baseline.pair(pool)
  const grant = mintGrant({
    principal: { id: 'bench', roles: [] },
    rights: ['tenants'],
    reason: 'bench',
    ttlSeconds: 3600,
  })
  await keep.privileged(grant).tenants.create('acme')
  const known = new Map<string, string[]>()
  for (const [shelf, size] of [
    ['shelf-1k', 1000],
    ['shelf-10k', 10_000],
  ] as const) {
    process.stderr.write(`filling ${shelf} ...\n`)
    const texts = Array.from({ length: size }, (_, number) => memoryText(number))
    await bare.fill(shelf, texts)
    const ids: string[] = []
    for (let from = 0; from < size; from += 1000) {
      const batch = texts.slice(from, from + 1000).map((content) => ({ content, actor: 'user' as const }))
      for (const receipt of await memoryOf(keep, shelf).addMany(batch)) ids.push(receipt.id)
    }
    known.set(shelf, ids)
  }
  await pool.query('analyze')
  console.log(
    '| operation | clients | bare/s | audited/s | memkeep/s | memkeep / bare | memkeep / audited | p99/p50 bare | memkeep |',
  )
  console.log('|---|---|---|---|---|---|---|---|---|')
  for (const clients of [1, maxClients]) {
    for (const [operation, contestants] of matches(keep, relaxed, bare, audited, known)) {
      const [first, second, ours] = await interleave(contestants, { rounds, seconds, clients })
      const cells = [first!, second!, ours!].map(({ perSecond }) => perSecond.toFixed(0))
      console.log(
        `| ${operation} | ${clients} | ${cells.join(' | ')} | ${ours!.ratio('bare').toFixed(2)} | ${ours!.ratio('audited').toFixed(2)} | ${first!.spread.toFixed(1)} | ${ours!.spread.toFixed(1)} |`,
      )
      if (clients < maxClients) continue
      expectAtLeast(operation, ours!.ratio('audited'), least.get(operation) ?? 0)
      aimAtLeast(operation, ours!.ratio('audited'), aims.get(operation) ?? 0)
    }
  }
  await printStages((subject) => memoryOf(keep, subject), known)
  await pool.end()
}

function memoryOf(keep: Keep, subject: string): ScopedMemory {
  const principal = { id: 'bench', roles: ['agent'] }
  return keep.for(mintScope({ tenant: 'acme', subject, principal, ttlSeconds: 86_400 }))
}

function matches(
  keep: Keep,
  relaxed: Keep,
  bare: Baseline,
  audited: Baseline,
  known: ReadonlyMap<string, string[]>,
): Map<string, readonly [Contestant, Contestant, Contestant]> {
  let turn = 0
  const match = (
    theirs: (baseline: Baseline, turn: number, client: number) => Promise<unknown>,
    ours: (turn: number, client: number) => Promise<unknown>,
  ): readonly [Contestant, Contestant, Contestant] => [
    { name: 'bare', run: (client) => theirs(bare, turn++, client) },
    { name: 'audited', run: (client) => theirs(audited, turn++, client) },
    { name: 'memkeep', run: (client) => ours(turn++, client) },
  ]
  const writer = (client: number) => memoryOf(keep, `writer-${client}`)
  const hundred = (from: number) => Array.from({ length: 100 }, (_, index) => memoryText(from + index))
  const search = (shelf: string, by = keep) =>
    match(
      (baseline, n) => baseline.search(shelf, queryText(n)),
      (n) => memoryOf(by, shelf).search(queryText(n)),
    )
  const get = (by: Keep) =>
    match(
      (baseline, n) => baseline.get('shelf-1k', n),
      (n) => memoryOf(by, 'shelf-1k').get(known.get('shelf-1k')![n % 1000]!),
    )
  const selectTen = (shelf: string) =>
    match(
      (baseline, n) => baseline.tenRows(shelf, n),
      (n) => memoryOf(keep, shelf).search(queryText(n)),
    )
  return new Map([
    [
      'add',
      match(
        (baseline, n, client) => baseline.add(`writer-${client}`, memoryText(n)),
        (n, client) => writer(client).add(memoryText(n), { actor: 'user' }),
      ),
    ],
    [
      'addMany(100)',
      match(
        (baseline, n, client) => baseline.addMany(`writer-${client}`, hundred(n)),
        (n, client) => writer(client).addMany(hundred(n).map((content) => ({ content, actor: 'user' as const }))),
      ),
    ],
    ['get', get(keep)],
    ['get, relaxed', get(relaxed)],
    ['search of 1k / full-text search', search('shelf-1k')],
    ['search of 1k, relaxed / full-text search', search('shelf-1k', relaxed)],
    ['search of 10k / full-text search', search('shelf-10k')],
    ['search of 1k / select of ten known ids', selectTen('shelf-1k')],
    ['search of 10k / select of ten known ids', selectTen('shelf-10k')],
  ])
}
