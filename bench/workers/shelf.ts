import { indexOf } from '../../packages/memkeep/src/memory/index-of.ts'
import type { ModelVector } from '../../packages/memkeep/src/recall/index-entry.ts'
import { type Query, rank } from '../../packages/memkeep/src/recall/rank.ts'
import { Shelf } from '../../packages/memkeep/src/recall/shelf.ts'
import { termsOf } from '../../packages/memkeep/src/recall/terms.ts'
import { memoryText, queryText } from '../texts.ts'
import { Vectors } from '../vectors.ts'

const dims = 384
const model = 'bench'
const details = { tags: [], agent: null, session: null, speaker: null }

/** A shelf of `rows` memories: the same in every thread that makes it. */
export function shelfOf(rows: number, withVectors: boolean): Shelf {
  const vectors = new Vectors(1)
  const shelf = new Shelf()
  for (let row = 0; row < rows; row++) {
    const vector = withVectors ? vectors.next(dims) : null
    const index = { ...indexOf({ embedder: null, languages: null }, memoryText(row), details, vector), model }
    const labels = { kind: 'fact', trust: 'user', sensitivity: 'private', expiresAtMs: null } as const
    shelf.put({ id: `${row}`, subjectTag: '', version: 1, createdAtMs: row, atMs: row, ...labels, index })
  }
  return shelf
}

const asked: ModelVector = { model, vector: new Vectors(2).next(dims) }

/** Ids of the best ten for the question of that turn. */
export function bestTen(shelf: Shelf, turn: number, withVectors: boolean): string[] {
  const query: Query = { terms: termsOf(queryText(turn)), vector: null, model: null, ...(withVectors ? asked : {}) }
  return rank([shelf], query, { nowMs: 0 }, 10).map(({ entry }) => entry.id)
}
