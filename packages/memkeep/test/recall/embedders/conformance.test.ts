import { describe, expect, test } from 'vitest'
import { testEmbedder } from '../../../src/conformance/embedder.ts'
import type { Embedder } from '../../../src/recall/embedder.ts'
import { vectorFor } from './word-vectors.ts'

type Options = Parameters<Embedder['doEmbed']>[0]

/** An embedder that keeps every promise, with something of it changed. */
function embedder(change: Partial<Embedder> = {}): Embedder {
  return {
    provider: 'test',
    modelId: 'words',
    maxEmbeddingsPerCall: 7,
    supportsParallelCalls: true,
    async doEmbed({ values, abortSignal }) {
      const texts = [...values]
      await later(abortSignal)
      return { embeddings: texts.map((text) => vectorFor(text)) }
    },
    ...change,
  }
}

function later(signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted()
  return new Promise((resolve, reject) => {
    setTimeout(resolve, 2)
    signal?.addEventListener('abort', () => reject(signal.reason))
  })
}

const trial = (change: Partial<Embedder>, again: Partial<Embedder> = change, dimensions = 24) =>
  testEmbedder(async () => ({ embedder: embedder(change), again: embedder(again), dimensions }))

test('an embedder that keeps every promise passes', async () => {
  await trial({})
})

const embedding = (embed: (texts: string[], options: Options) => number[][] | Promise<number[][]>) => ({
  async doEmbed(options: Options) {
    options.abortSignal?.throwIfAborted()
    return { embeddings: await embed([...options.values], options) }
  },
})
let calls = 0
let shared: string[] = []

describe('the suite refuses an embedder that', () => {
  test.each<[string, RegExp, Partial<Embedder>, Partial<Embedder>?, number?]>([
    ['has no name', /modelId is/, { modelId: '' }],
    ['is another model to another process', /modelId belongs/, {}, { modelId: 'other' }],
    ['has another dimension than it says', /has the dimension/, {}, {}, 25],
    ['gives one vector for all', /different vectors/, embedding((texts) => texts.map(() => vectorFor('one')))],
    ['sorts the texts', /in order/, embedding((texts) => texts.toSorted().map((text) => vectorFor(text)))],
    [
      'lets texts colour each other',
      /whatever stands beside it/,
      embedding((texts) => texts.map((text) => vectorFor(text + (texts.length > 1 ? texts[0] : '')))),
    ],
    [
      'cannot take a text of no words',
      /zero vector/,
      embedding((texts) => texts.map((text) => vectorFor(text).map((value) => (/\w/.test(text) ? value : 0)))),
    ],
    [
      'fails for a long text',
      /the embedder failed/,
      embedding((texts) => {
        if (texts.some((text) => text.length > 8_192)) throw new Error('too long')
        return texts.map((text) => vectorFor(text))
      }),
    ],
    [
      'takes fewer texts than it says',
      /one vector per text/,
      { maxEmbeddingsPerCall: 20, ...embedding((texts) => texts.slice(0, 16).map((text) => vectorFor(text))) },
    ],
    [
      'empties the list it was given',
      /caller’s own/,
      {
        doEmbed(options: Options) {
          const texts = options.values.splice(0)
          return embedder().doEmbed({ ...options, values: texts })
        },
      },
    ],
    [
      'reads the list when it is too late',
      /changed during the call/,
      {
        async doEmbed({ values, abortSignal }: Options) {
          await later(abortSignal)
          return { embeddings: values.map((text) => vectorFor(text)) }
        },
      },
    ],
    [
      'mixes concurrent calls',
      /concurrent calls do not meet|one vector per text/,
      embedding(async (texts) => {
        shared = texts
        await later()
        return shared.map((text) => vectorFor(text))
      }),
    ],
    [
      'does not look at its signal',
      /an aborted call does nothing/,
      { doEmbed: ({ values }: Options) => embedder().doEmbed({ values }) },
    ],
    [
      'looks at its signal once and never again',
      /aborted under way/,
      {
        async doEmbed({ values, abortSignal }: Options) {
          abortSignal?.throwIfAborted()
          return embedder().doEmbed({ values })
        },
      },
    ],
    [
      'is another model each time',
      /in order, whatever/,
      embedding((texts) => texts.map((text) => vectorFor(`${text}${calls++}`))),
    ],
    [
      'is another model in another process, under one name',
      /concurrent calls do not meet|same vectors/,
      {},
      embedding((texts) => texts.map((text) => vectorFor(`${text}!`))),
    ],
  ])('%s', async (_, wanted, change, again, dimensions) => {
    await expect(trial(change, again ?? change, dimensions ?? 24)).rejects.toThrow(wanted)
  })
})
