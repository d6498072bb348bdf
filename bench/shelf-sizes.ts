/**
 * A warm search of a shelf of 10,000 memories beside one of 1,000, in one thread and in one run: with words alone, and with
 * words and vectors (384 numbers, an embedder without a model). And the share of slow answers beside that of a bare select. Ends with 1 where the large one has less than 0.45 of
 * the throughput, or its p99/p50 is more than 1.3 times the select's.
 *
 *   node --conditions=memkeep-src bench/shelf-sizes.ts
 *
 * BENCH_ROUNDS (default 7), BENCH_SECONDS (a turn, default 0.5), CLIENTS (8).
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { embedded } from '@memkeep/embedded'
import { type Keep, openMemkeep, type ScopedMemory } from 'memkeep'
import { directoryKeyStore, localKeys } from 'memkeep/keys/local'
import { mintGrant, mintScope } from 'memkeep/trust'
import { Baseline } from './baselines.ts'
import { expectAtLeast, expectAtMost } from './bounds.ts'
import { hashedWords } from './peers/hashed-words.ts'
import { interleave } from './rounds.ts'
import { memoryText, queryText } from './texts.ts'

const rounds = Number(process.env.BENCH_ROUNDS ?? 7)
const seconds = Number(process.env.BENCH_SECONDS ?? 0.5)
const clients = Number(process.env.CLIENTS ?? 8)
const principal = { id: 'bench', roles: ['agent'] }

const embedder = {
  provider: 'bench',
  modelId: hashedWords.name,
  maxEmbeddingsPerCall: 500,
  supportsParallelCalls: true,
  doEmbed: async ({ values }: { readonly values: readonly string[] }) => ({
    embeddings: await hashedWords.texts([...values]),
  }),
}

const dir = await mkdtemp(join(tmpdir(), 'mk-bench-'))
const engine = embedded({ dir: join(dir, 'db') })
const running = await engine.start()
const keys = () => ({
  keys: localKeys({ file: join(dir, 'keys', 'root.key') }),
  keyStore: directoryKeyStore({ dir: join(dir, 'keys', 'store') }),
})
const words = await openMemkeep({ database: engine, ...keys() })
const both = await openMemkeep({ database: engine, ...keys(), embedder })
try {
  await bench()
} finally {
  await both.close()
  await words.close()
  await running.release()
  await rm(dir, { recursive: true, force: true, maxRetries: 50, retryDelay: 200 })
}

function memoryOf(keep: Keep, subject: string): ScopedMemory {
  return keep.for(mintScope({ tenant: 'acme', subject, principal, ttlSeconds: 86_400 }))
}

async function bench(): Promise<void> {
  const grant = mintGrant({ principal, rights: ['tenants'], reason: 'bench', ttlSeconds: 3600 })
  await words.privileged(grant).tenants.create('acme')
  const pool = await Baseline.create({ ...running.admin }, clients)
  const { bare } = Baseline.pair(pool)
  for (const [name, keep] of [
    ['words', words],
    ['both', both],
  ] as const) {
    for (const size of [1000, 10_000]) {
      process.stderr.write(`filling ${name}-${size} ...\n`)
      for (let from = 0; from < size; from += 500) {
        const texts = Array.from({ length: 500 }, (_, number) => memoryText(from + number))
        await memoryOf(keep, `${name}-${size}`).addMany(texts.map((content) => ({ content, actor: 'user' as const })))
        if (name === 'words' && size === 10_000) await bare.fill('shelf', texts)
      }
    }
  }
  let turn = 0
  const search = (keep: Keep, subject: string) => () => memoryOf(keep, subject).search(queryText(turn++))
  console.log(
    `| search, ${clients} clients | of 1k, /s | of 10k, /s | 10k / 1k | p99/p50 of 10k | of a bare select | ratio |`,
  )
  console.log('|---|---|---|---|---|---|---|')
  for (const [name, keep] of [
    ['words', words],
    ['both', both],
  ] as const) {
    const [small, large, select] = await interleave(
      [
        { name: 'small', run: search(keep, `${name}-1000`) },
        { name: 'large', run: search(keep, `${name}-10000`) },
        { name: 'select', run: () => bare.tenRows('shelf', turn++) },
      ],
      { rounds, seconds, clients },
    )
    const speeds = [small!, large!].map(({ perSecond }) => perSecond.toFixed(0)).join(' | ')
    const spreads = [large!.spread, select!.spread, large!.spread / select!.spread].map((each) => each.toFixed(2))
    const title = name === 'words' ? 'words alone' : 'words and vectors'
    console.log(`| ${title} | ${speeds} | ${large!.ratio('small').toFixed(2)} | ${spreads.join(' | ')} |`)
    expectAtLeast(`${title}, 10k / 1k`, large!.ratio('small'), 0.45)
    expectAtMost(`${title}, p99/p50 to a bare select's`, large!.spread / select!.spread, 1.3)
  }
  await pool.end()
}
