import { createHash } from 'node:crypto'

/** A vector that follows from the text alone: the model behind a stand-in. */
export function vectorFor(text: string, dimensions = 24): number[] {
  const bytes = createHash('shake256', { outputLength: dimensions * 2 })
    .update(text)
    .digest()
  return Array.from({ length: dimensions }, (_, at) => bytes.readInt16LE(at * 2) / 2 ** 15)
}
