/**
 * What the stages of a warm search cost on one shelf of 10 000 memories, in this process and without a database: medians
 * over interleaved rounds, and their ratio to the first row. Texts are drawn from the words of the sets in bench/sets, so that words are as
 * frequent as in talk; the questions are those sets'.
 *
 *   node --conditions=memkeep-src bench/ranking.ts [rounds]
 */
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { indexOf, queryOf } from '../packages/memkeep/src/memory/index-of.ts'
import { snowball } from '../packages/memkeep/src/recall/drivers/snowball.ts'
import type { Languages } from '../packages/memkeep/src/recall/languages.ts'
import { rank } from '../packages/memkeep/src/recall/rank.ts'
import { Shelf } from '../packages/memkeep/src/recall/shelf.ts'
import { readQuestionSet } from './recall/question-set.ts'

const rounds = Number(process.argv[2] ?? 15)
const rows = 10_000
const dims = 512
const turnsOfTalk = 40
const sets = await Promise.all(
  ['development', 'held-out'].map((name) =>
    readQuestionSet(fileURLToPath(new URL(`sets/${name}.json`, import.meta.url)), console.error),
  ),
)
const words = sets.flatMap(({ memories }) => memories.flatMap(({ content }) => content.split(' ')))
const questions = sets.flatMap((set) => set.questions.map(({ question }) => question))

/** From 0 up to 1; always the same ones. */
function random(number: number): number {
  const mixed = Math.imul(number ^ (number >>> 15), 2_246_822_519)
  return ((mixed ^ (mixed >>> 13)) >>> 0) / 2 ** 32
}

function textOf(row: number): string {
  const length = 8 + Math.floor(random(row) * 22)
  return Array.from({ length }, (_, place) => words[Math.floor(random(row * 64 + place) * words.length)]).join(' ')
}

function vectorOf(row: number): Float32Array {
  const vector = Float32Array.from({ length: dims }, (_, place) => random(row * dims + place + 7) - 0.5)
  const length = Math.hypot(...vector)
  return vector.map((value) => value / length)
}

interface Stage {
  readonly name: string
  readonly languages: Languages | null
  readonly talks: boolean
  readonly vectors: boolean
}

const english = await snowball()
const stages: readonly Stage[] = [
  { name: 'words', languages: null, talks: false, vectors: false },
  { name: 'words, in talks', languages: null, talks: true, vectors: false },
  { name: 'stems, in talks', languages: english, talks: true, vectors: false },
  { name: 'stems and vectors', languages: english, talks: false, vectors: true },
  { name: 'stems and vectors, in talks', languages: english, talks: true, vectors: true },
]
const embedder = { provider: 'bench', modelId: 'random', doEmbed: async () => ({ embeddings: [] }) }

/** Asks every question once; answers the microseconds that one took. */
function searching({ languages, talks, vectors }: Stage): () => number {
  const kernel = { languages, embedder: vectors ? embedder : null }
  const shelf = new Shelf()
  for (let row = 0; row < rows; row++) {
    const session = talks ? `s${Math.floor(row / turnsOfTalk)}` : null
    const details = { tags: [], agent: null, session, speaker: null }
    const index = indexOf(kernel, textOf(row), details, vectors ? vectorOf(row) : null)
    const labels = { kind: 'turn', trust: 'user', sensitivity: 'private', expiresAtMs: null } as const
    shelf.put({ id: `${row}`, subjectTag: '', version: 1, createdAtMs: row, atMs: row, ...labels, index })
  }
  const vector = vectors ? vectorOf(-1) : null
  return () => {
    const started = performance.now()
    for (const question of questions) rank([shelf], queryOf(kernel, question, vector), { nowMs: 0 }, 10)
    return ((performance.now() - started) / questions.length) * 1000
  }
}

const searches = stages.map((stage) => ({ name: stage.name, search: searching(stage), times: [] as number[] }))
for (let round = -2; round < rounds; round++) {
  for (const { search, times } of searches) {
    const time = search()
    if (round >= 0) times.push(time)
  }
}
const medianOf = (times: readonly number[]) => times.toSorted((a, b) => a - b)[times.length >> 1]!
const first = medianOf(searches[0]!.times)
for (const { name, times } of searches) {
  const median = medianOf(times)
  console.log(`${name.padEnd(30)} ${median.toFixed(0).padStart(6)} us  ${(median / first).toFixed(2)}`)
}
