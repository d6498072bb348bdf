import { createHash } from 'node:crypto'
import type { Embed } from './contestant.ts'

const dims = 384
const known = new Map<string, Float64Array>()

/**
 * Vectors of 384 numbers without a model: the sum of one fixed vector of signs for each word, at length 1. Texts that share
 * words are near each other, the same text has the same vector in every run, and it costs next to nothing, so that a
 * comparison of stores does not measure the embedder.
 */
export const hashedWords: Embed = {
  name: 'hashed-words-384',
  dims,
  texts: async (texts) => texts.map(vectorOf),
}

function vectorOf(text: string): number[] {
  const sum = new Float64Array(dims)
  for (const word of text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? ['']) {
    const signs = signsOf(word)
    for (let i = 0; i < dims; i++) sum[i]! += signs[i]!
  }
  const length = Math.hypot(...sum) || 1
  return Array.from(sum, (value) => value / length)
}

function signsOf(word: string): Float64Array {
  const found = known.get(word)
  if (found !== undefined) return found
  const bits = createHash('shake256', { outputLength: dims / 8 })
    .update(word)
    .digest()
  const signs = Float64Array.from({ length: dims }, (_, i) => ((bits[i >> 3]! >> (i & 7)) & 1 ? 1 : -1))
  if (known.size < 50_000) known.set(word, signs)
  return signs
}
