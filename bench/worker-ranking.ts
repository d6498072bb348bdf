/**
 * What ranking in worker threads would give: a search of 10,000 memories beside one of 1,000 with the ranking in the one
 * thread, and with it in one worker and in two. The product has no such workers. The rest of a search (keys, doorway, commit, opening ten
 * rows) is a real search of a shelf of 1,000; before it the 10,000 are ranked here, or by a worker that holds them, and
 * its answer is awaited. So each contestant ranks the 1,000 too: the ratios say a little less than what would be had.
 *
 *   node --conditions=memkeep-src bench/worker-ranking.ts
 *
 * BENCH_ROUNDS (default 7), BENCH_SECONDS (a turn, default 0.5), CLIENTS (8).
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { embedded } from '@memkeep/embedded'
import { openMemkeep } from 'memkeep'
import { directoryKeyStore, localKeys } from 'memkeep/keys/local'
import { mintGrant, mintScope } from 'memkeep/trust'
import { interleave } from './rounds.ts'
import { memoryText, queryText } from './texts.ts'
import { bestTen, shelfOf } from './workers/shelf.ts'

const rounds = Number(process.env.BENCH_ROUNDS ?? 7)
const seconds = Number(process.env.BENCH_SECONDS ?? 0.5)
const clients = Number(process.env.CLIENTS ?? 8)
const rows = 10_000

/** Asks one worker after another; each answers in the order in which it was asked. */
class Rankers {
  readonly #workers: { readonly worker: Worker; readonly waiting: ((ids: string[]) => void)[] }[] = []
  #next = 0

  static async start(number: number, withVectors: boolean): Promise<Rankers> {
    const made = new Rankers()
    for (let n = 0; n < number; n++) {
      const worker = new Worker(new URL('./workers/ranker.ts', import.meta.url), { workerData: { rows, withVectors } })
      await new Promise((resolve) => worker.once('message', resolve))
      const waiting: ((ids: string[]) => void)[] = []
      worker.on('message', (ids: string[]) => waiting.shift()!(ids))
      made.#workers.push({ worker, waiting })
    }
    return made
  }

  rank(turn: number): Promise<string[]> {
    const { worker, waiting } = this.#workers[this.#next++ % this.#workers.length]!
    worker.postMessage(turn)
    return new Promise((resolve) => waiting.push(resolve))
  }

  async stop(): Promise<void> {
    for (const { worker } of this.#workers) await worker.terminate()
  }
}

const dir = await mkdtemp(join(tmpdir(), 'mk-bench-'))
const engine = embedded({ dir: join(dir, 'db') })
const keep = await openMemkeep({
  database: engine,
  keys: localKeys({ file: join(dir, 'keys', 'root.key') }),
  keyStore: directoryKeyStore({ dir: join(dir, 'keys', 'store') }),
})
try {
  const principal = { id: 'bench', roles: ['agent'] }
  const grant = mintGrant({ principal, rights: ['tenants'], reason: 'bench', ttlSeconds: 3600 })
  await keep.privileged(grant).tenants.create('acme')
  const memory = keep.for(mintScope({ tenant: 'acme', subject: 'ana', principal, ttlSeconds: 86_400 }))
  const texts = Array.from({ length: 1000 }, (_, number) => memoryText(number))
  await memory.addMany(texts.map((content) => ({ content, actor: 'user' as const })))
  console.log(`${availableParallelism()} cores, load ${loadavg()[0]!.toFixed(1)}, ${clients} clients\n`)
  console.log('| search of 10k to one of 1k | ranked in the one thread | in a worker | in two workers |')
  console.log('|---|---|---|---|')
  for (const withVectors of [false, true]) await compare(withVectors)

  async function compare(withVectors: boolean): Promise<void> {
    const large = shelfOf(rows, withVectors)
    const small = withVectors ? shelfOf(1000, true) : null
    const [one, two] = [await Rankers.start(1, withVectors), await Rankers.start(2, withVectors)]
    const wanted = bestTen(large, 7, withVectors).join()
    for (const rankers of [one, two]) {
      if ((await rankers.rank(7)).join() !== wanted) throw new Error('a worker ranks otherwise')
    }
    let turn = 0
    const searchAfter = (_ranked: unknown) => memory.search(queryText(turn++))
    const standings = await interleave(
      [
        { name: 'small', run: () => searchAfter(small && bestTen(small, turn, true)) },
        { name: 'one thread', run: () => searchAfter(bestTen(large, turn, withVectors)) },
        { name: 'a worker', run: async () => searchAfter(await one.rank(turn)) },
        { name: 'two workers', run: async () => searchAfter(await two.rank(turn)) },
      ],
      { rounds, seconds, clients },
    )
    const ratios = standings.slice(1).map((standing) => standing.ratio('small').toFixed(2))
    console.log(`| ${withVectors ? 'words and vectors' : 'words alone'} | ${ratios.join(' | ')} |`)
    await one.stop()
    await two.stop()
  }
} finally {
  await keep.close()
  await rm(dir, { recursive: true, force: true, maxRetries: 50, retryDelay: 200 })
}
