/**
 * The ranking of vectors alone, without a database: how long it takes beside a plain read of the same bytes, and what it
 * finds beside float64 over the vectors as they came. Times are medians over interleaved rounds, in one thread; ratios are to
 * the read of the same round. Ends with 1 where the kernel takes more than twice the read of 100,000 x 384, or a mean recall@10 is below 0.999.
 *
 *   node --conditions=memkeep-src bench/vector-ranking.ts [rounds] [seeds]
 */
import { ByteRows } from '../packages/memkeep/src/recall/byte-rows.ts'
import { dotProducts } from '../packages/memkeep/src/recall/dot-products.ts'
import { queryWholes } from '../packages/memkeep/src/recall/query-wholes.ts'
import { VectorBlock } from '../packages/memkeep/src/recall/vector-block.ts'
import { sureCosines } from '../packages/memkeep/test/recall/sure-cosines.ts'
import { expectAtLeast, expectAtMost } from './bounds.ts'
import { plainRead } from './plain-read.ts'
import { interleave } from './rounds.ts'
import { Vectors } from './vectors.ts'

const rounds = Number(process.argv[2] ?? 7)
const seeds = Number(process.argv[3] ?? 5)
const everything = { has: () => true }
const ignore = (): void => {}

/** Milliseconds for one query. "read", "kernel" and "plain JS" read the high bytes; "rough" is a query of which nothing is sharpened, "top n" a whole one. */
async function time(count: number, dims: number) {
  const vectors = new Vectors(1)
  // A thousand vectors again and again: they take different places, and no kernel can tell.
  const some = Array.from({ length: 1000 }, () => vectors.next(dims))
  const query = vectors.next(dims)
  const block = new VectorBlock('m', dims)
  for (let slot = 0; slot < count; slot++) block.put(slot, some[slot % 1000]!)
  const plainRows = Int8Array.from({ length: count * dims }, (_, i) => (((i * 2_654_435_761) >>> 9) % 255) - 127)
  const rows = new ByteRows(dims)
  rows.grow(count)
  rows.all.set(plainRows)
  const { wholes } = queryWholes(query)
  const ways: Record<string, () => unknown> = {
    read: await plainRead(count * dims),
    kernel: () => rows.eachStrip(wholes, count, ignore),
    rough: () => block.near(query, everything, count),
    'top 10': () => sureCosines(block, query, everything, 10, count),
    'top 100': () => sureCosines(block, query, everything, 100, count),
    'plain JS': () => dotProducts(plainRows, wholes),
  }
  const batch = Math.max(1, Math.round(1e7 / (count * dims)))
  const contestants = Object.entries(ways).map(([name, way]) => ({
    name,
    run: async () => {
      for (let i = 0; i < batch; i++) way()
    },
  }))
  const row: Record<string, string> = { rows: `${count} x ${dims}` }
  for (const { name, perSecond, ratio } of await interleave(contestants, { rounds, seconds: 0.3, clients: 1 })) {
    row[name] = `${(1000 / perSecond / batch).toFixed(3)}`
    if (name !== 'read') row[name] += ` (${(1 / ratio('read')).toFixed(2)}x)`
    if (name === 'kernel' && count === 100_000 && dims === 384)
      expectAtMost(`${count} x ${dims}, kernel to read`, 1 / ratio('read'), 2)
  }
  row['bytes a row'] = (block.bytes / count).toFixed(0)
  return row
}

/** Length of what is added to one of some centres; null: there are none. */
const kinds = { random: null, clustered: 0.5, 'close clusters': 0.2 } as const

function best(scores: Float64Array): number[] {
  return [...scores.keys()].sort((a, b) => scores[b]! - scores[a]!).slice(0, 10)
}

/** Recall@10 over 100 queries for each seed: the mean, and that of the worst seed. */
function recall(kind: keyof typeof kinds, count: number, dims: number) {
  const queries = 100
  const spread = kinds[kind]
  const found = Array.from({ length: seeds }, (_, seed) => {
    const vectors = new Vectors(seed + 1)
    const centres = Array.from({ length: count / 100 }, () => vectors.next(dims))
    const centre = () => centres[Math.floor(vectors.uniform() * centres.length)]!
    const some = () => (spread === null ? vectors.next(dims) : vectors.next(dims, centre(), spread))
    const rows = Array.from({ length: count }, some)
    const block = new VectorBlock('m', dims)
    for (const [slot, row] of rows.entries()) block.put(slot, row)
    let hits = 0
    for (let i = 0; i < queries; i++) {
      const query = some()
      const exact = Float64Array.from(rows, (row) => {
        let sum = 0
        for (let at = 0; at < dims; at++) sum += row[at]! * query[at]!
        return sum
      })
      const wanted = new Set(best(exact))
      hits += best(sureCosines(block, query, everything, 10, count)).filter((slot) => wanted.has(slot)).length
    }
    return hits / queries / 10
  })
  const vectors = `${kind}, ${count} x ${dims}`
  const mean = found.reduce((sum, value) => sum + value, 0) / seeds
  expectAtLeast(`${vectors}, recall@10`, mean, 0.999)
  return {
    vectors,
    'recall@10': mean.toFixed(4),
    'worst seed': Math.min(...found).toFixed(4),
    queries: queries * seeds,
  }
}

const times = []
for (const dims of [384, 1536]) for (const count of [1000, 10_000, 100_000]) times.push(await time(count, dims))
console.table(times)
console.table(
  (Object.keys(kinds) as (keyof typeof kinds)[]).flatMap((kind) => [
    recall(kind, 10_000, 384),
    recall(kind, 2000, 1536),
  ]),
)
