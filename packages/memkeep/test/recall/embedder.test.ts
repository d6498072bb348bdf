import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { type Embedder, embedAll } from '../../src/recall/embedder.ts'
import { errorOf } from '../support/code-of.ts'

type Options = Parameters<Embedder['doEmbed']>[0]

function embedder(doEmbed: (options: Options) => unknown, maxEmbeddingsPerCall?: unknown): Embedder {
  return { provider: 'test', modelId: 'm', maxEmbeddingsPerCall, doEmbed } as Embedder
}
/** One vector per text, told apart by the text's length. */
const lengths = ({ values }: Options) => Promise.resolve({ embeddings: values.map((value) => [value.length, 1]) })
const texts = ['a', 'bb', 'ccc', 'dddd', 'eeeee']
const failure = (code: string, retryable: boolean) => expect.objectContaining({ code, retryable })

describe('embedAll', () => {
  test('answers one vector of length 1 per text, in order', async () => {
    const vectors = await embedAll(embedder(lengths), texts)
    expect(vectors.map((vector) => Math.round(vector[0]! / vector[1]!))).toEqual([1, 2, 3, 4, 5])
    for (const vector of vectors) expect(Math.hypot(...vector)).toBeCloseTo(1, 6)
  })

  test.each([
    [undefined, [5]],
    [2, [2, 2, 1]],
    [2.9, [2, 2, 1]],
    [5, [5]],
    [Number.POSITIVE_INFINITY, [5]],
    [Promise.resolve(3), [3, 2]],
    [Promise.resolve(undefined), [5]],
  ])('asks for at most %s texts in a call', async (most, wanted) => {
    const asked: number[] = []
    const counting = embedder((options) => {
      asked.push(options.values.length)
      return lengths(options)
    }, most)
    expect(await embedAll(counting, texts)).toHaveLength(5)
    expect(asked).toEqual(wanted)
  })

  test('asks for nothing when there is nothing to embed', async () => {
    const never = embedder(() => expect.unreachable('asked'))
    expect(await embedAll(never, [])).toEqual([])
  })

  test('takes vectors of any magnitude', async () => {
    for (const scale of [1e-320, 1e-200, 1, 1e200, Number.MAX_VALUE]) {
      const [vector] = await embedAll(
        embedder(() => Promise.resolve({ embeddings: [[scale, -scale]] })),
        ['a'],
      )
      expect([...vector!]).toEqual([Math.fround(Math.SQRT1_2), Math.fround(-Math.SQRT1_2)])
    }
  })

  test('does not let an embedder change the texts', async () => {
    const given = [...texts]
    const greedy = embedder(({ values }) => {
      const answer = lengths({ values: [...values] })
      values.length = 0
      return answer
    })
    expect(await embedAll(greedy, given)).toHaveLength(5)
    expect(given).toEqual(texts)
  })
})

describe('a faulty embedder', () => {
  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['no vectors', {}],
    ['one vector too few', { embeddings: [[1]] }],
    ['one vector too many', { embeddings: [[1], [1], [1]] }],
    ['something that is no vector', { embeddings: [[1], 'text'] }],
    ['a hole', { embeddings: [[1], undefined] }],
    ['two dimensions', { embeddings: [[1], [1, 2]] }],
    ['NaN', { embeddings: [[1], [Number.NaN]] }],
    ['infinity', { embeddings: [[1], [Number.NEGATIVE_INFINITY]] }],
    ['null for a number', { embeddings: [[1], [null]] }],
    ['text for a number', { embeddings: [[1], ['1']] }],
    ['a sparse vector', { embeddings: [[1], new Array(1)] }],
    ['a zero vector', { embeddings: [[1], [0]] }],
    ['a negative zero', { embeddings: [[1], [-0]] }],
    ['an empty vector', { embeddings: [[], []] }],
  ])('that answers %s is refused, not to be tried again', async (_, answer) => {
    const answering = embedder(() => Promise.resolve(answer))
    await expect(embedAll(answering, ['a', 'b'])).rejects.toThrow(failure('ERR_EMBEDDER', false))
  })

  test('that changes its dimension between calls is refused', async () => {
    const changing = embedder(
      ({ values }) => Promise.resolve({ embeddings: [new Array(values[0]!.length).fill(1)] }),
      1,
    )
    await expect(embedAll(changing, ['a', 'b', 'cc'])).rejects.toThrow(failure('ERR_EMBEDDER', false))
  })

  test.each([0, -1, Number.NaN, 'two'])('that takes %s texts a call is refused', async (most) => {
    await expect(embedAll(embedder(lengths, most), texts)).rejects.toThrow(failure('ERR_EMBEDDER', false))
  })

  test.each<[string, unknown, boolean]>([
    ['an error that says nothing', new TypeError('fetch failed'), true],
    ['an error that may be retried', Object.assign(new Error('429'), { isRetryable: true }), true],
    ['an error that may not', Object.assign(new Error('401'), { isRetryable: false }), false],
    ['no error at all', null, true],
    ['an abort of its own', new DOMException('timeout', 'AbortError'), true],
  ])('that fails with %s, at once or later, fails with ERR_EMBEDDER', async (_, cause, retryable) => {
    const wanted = failure('ERR_EMBEDDER', retryable)
    const atOnce = embedder(() => {
      throw cause
    })
    await expect(embedAll(atOnce, ['a'])).rejects.toThrow(wanted)
    await expect(
      embedAll(
        embedder(() => Promise.reject(cause)),
        ['a'],
      ),
    ).rejects.toThrow(wanted)
  })

  test('tells its name and status, and nothing else of an error that holds the text', async () => {
    const thrown: Error[] = []
    const telling = embedder(({ values }) => {
      const more = { name: 'AI_APICallError', statusCode: 503, requestBodyValues: { input: values } }
      const error = Object.assign(new Error(`cannot embed ${values[0]}`, { cause: values }), more)
      thrown.push(error)
      return Promise.reject(error)
    })
    const error = await errorOf(embedAll(telling, ['secret']))
    expect(error.message).toBe('the embedder failed with AI_APICallError, status 503')
    const shown = (what: unknown) => inspect(what, { depth: 9, showHidden: true })
    expect(shown(thrown[0])).toContain('secret')
    expect(shown(error)).not.toContain('secret')
  })
})

describe('an abort', () => {
  const aborted = failure('ERR_ABORTED', false)

  test('before the start asks for nothing', async () => {
    let calls = 0
    const counting = embedder((options) => {
      calls++
      return lengths(options)
    })
    await expect(embedAll(counting, ['a'], AbortSignal.abort())).rejects.toThrow(aborted)
    expect(calls).toBe(0)
  })

  test('during a call does not wait for an embedder that does not heed it', async () => {
    const control = new AbortController()
    const deaf = embedder(() => {
      setImmediate(() => control.abort())
      return new Promise(() => {})
    })
    await expect(embedAll(deaf, ['a'], control.signal)).rejects.toThrow(aborted)
  })

  test('reaches the embedder, whose own complaint is not passed on', async () => {
    const control = new AbortController()
    const heeding = embedder(({ abortSignal }) => {
      setImmediate(() => control.abort(new Error('enough')))
      return new Promise((_, reject) => abortSignal!.addEventListener('abort', () => reject(abortSignal!.reason)))
    })
    await expect(embedAll(heeding, ['a'], control.signal)).rejects.toThrow(aborted)
  })

  test('between calls stops the rest', async () => {
    const control = new AbortController()
    let calls = 0
    const counting = embedder((options) => {
      calls++
      control.abort()
      return lengths(options)
    }, 1)
    await expect(embedAll(counting, texts, control.signal)).rejects.toThrow(aborted)
    expect(calls).toBe(1)
  })
})
