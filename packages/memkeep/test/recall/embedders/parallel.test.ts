import { describe, expect, test } from 'vitest'
import { MemkeepError } from '../../../src/core/errors.ts'
import { type Embedder, embedAll, embedToStore } from '../../../src/recall/embedder.ts'
import { vectorFor } from './word-vectors.ts'

const texts = Array.from({ length: 23 }, (_, at) => `text ${at}`)

/** Takes two texts a call; notes how many calls overlap and what became of each. */
function watched(supportsParallelCalls: Embedder['supportsParallelCalls'], fail = -1) {
  const seen = { calls: 0, underWay: 0, most: 0, aborted: 0 }
  const embedder: Embedder = {
    provider: 'test',
    modelId: 'watched',
    maxEmbeddingsPerCall: 2,
    supportsParallelCalls,
    async doEmbed({ values, abortSignal }) {
      const call = seen.calls++
      seen.most = Math.max(seen.most, ++seen.underWay)
      // Later calls end sooner, so that order cannot come of itself.
      await new Promise((resolve) => setTimeout(resolve, call === fail ? 1 : 10 - call / 2))
      if (abortSignal?.aborted) seen.aborted++
      seen.underWay--
      if (call === fail) throw new MemkeepError('ERR_EMBEDDER', 'own words', { retryable: true })
      return { embeddings: values.map((value) => vectorFor(value)) }
    },
  }
  return { seen, embedder }
}

describe('calls for one list', () => {
  test.each<[Embedder['supportsParallelCalls'], number]>([
    [undefined, 1],
    [false, 1],
    [true, 4],
    [Promise.resolve(true), 4],
  ])('of an embedder that says %s overlap %i at most, and answer in order', async (supports, most) => {
    const { seen, embedder } = watched(supports)
    const vectors = await embedAll(embedder, texts)
    expect(seen).toMatchObject({ calls: 12, most })
    const [alone] = await embedAll(watched(false).embedder, ['text 17'])
    expect(vectors).toHaveLength(23)
    expect(vectors[17]).toEqual(alone)
  })

  test('stop at the first failure, which is passed on in its own words', async () => {
    const { seen, embedder } = watched(true, 2)
    await expect(embedAll(embedder, texts)).rejects.toMatchObject({ message: 'own words', retryable: true })
    await expect.poll(() => seen.underWay).toBe(0)
    expect(seen).toMatchObject({ calls: 4, aborted: 3 })
  })

  test('a dimension that changed between lists is refused', async () => {
    let dimensions = 8
    const embedder: Embedder = {
      provider: 'test',
      modelId: 'changing',
      doEmbed: async ({ values }) => ({ embeddings: values.map((value) => vectorFor(value, dimensions)) }),
    }
    await embedToStore(embedder, ['a'])
    dimensions = 9
    await expect(embedAll(embedder, ['a'])).rejects.toMatchObject({ code: 'ERR_EMBEDDER', retryable: false })
    dimensions = 8
    expect(await embedAll(embedder, ['a'])).toHaveLength(1)
  })
})
