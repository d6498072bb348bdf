import type { Worker } from 'node:worker_threads'
import { afterEach, expect, test } from 'vitest'
import { ModelThread } from '../../../src/recall/drivers/model-thread.ts'
import { codeOf, errorOf } from '../../support/code-of.ts'

const threads: ModelThread[] = []
afterEach(() => Promise.all(threads.splice(0).map((thread) => thread.close())))

function start(data?: string): ModelThread {
  const thread = new ModelThread('../../../test/recall/embedders/fussy-worker', data)
  threads.push(thread)
  return thread
}
const pass = (vectors: number[][]) => vectors.map(([which, size]) => [which, size])

test('calls that wait go together, up to 32 texts, and never before those that came first', async () => {
  const thread = start()
  const first = thread.embed(['a'], undefined)
  const calls = Array.from({ length: 40 }, () => thread.embed(['b'], undefined))
  expect(pass(await first)).toEqual([[1, 1]])
  const passes = (await Promise.all(calls)).flatMap(pass)
  expect(passes.slice(0, 32)).toEqual(Array(32).fill([2, 32]))
  expect(passes.slice(32)).toEqual(Array(8).fill([3, 8]))
})

test('a pass is bounded by its longest text, and vectors stay in order', async () => {
  const lengths = [90, 1, 100, 5, 3, 120, 80, 2]
  const vectors = await start().embed(
    lengths.map((length) => 'x'.repeat(length)),
    undefined,
  )
  expect(vectors.map(([, , length]) => length)).toEqual([90, 1, 100, 5, 3, 100, 80, 2])
  for (const [, size, length] of vectors) expect(size! * length!).toBeLessThanOrEqual(400)
})

test('a text at which the model throws fails its own call, not those that went with it', async () => {
  const thread = start()
  const first = thread.embed(['a'], undefined)
  const [good, bad, other] = [['b'], ['c', 'poison'], ['d', 'e']].map((texts) => thread.embed(texts, undefined))
  expect(await errorOf(bad!)).toMatchObject({ code: 'ERR_EMBEDDER', retryable: false })
  expect(await first).toHaveLength(1)
  expect(await good).toHaveLength(1)
  expect(await other).toHaveLength(2)
})

test('a thread that dies fails what was under way, to be tried again, and the next call has another', async () => {
  const thread = start()
  const calls = [thread.embed(['death'], undefined), thread.embed(['waiting'], undefined)]
  for (const call of calls) expect(await errorOf(call)).toMatchObject({ code: 'ERR_EMBEDDER', retryable: true })
  expect(await thread.embed(['a'], undefined)).toEqual([[1, 1, 1]])
})

test('what a dead thread said does not answer the call that the next one has', async () => {
  const thread = start()
  const started = Promise.withResolvers<Worker>()
  process.once('worker', started.resolve)
  await thread.embed(['a'], undefined)
  const worker = await started.promise
  const next = thread.embed(['fault'], undefined).catch(() => {
    const call = thread.embed(['four'], undefined)
    // Two ports bring what a thread says and that it died, in no certain order: here what it said comes last.
    expect(worker.emit('message', [Float32Array.of(0, 0, 0)]), 'heard').toBe(true)
    return call
  })
  expect(await next).toEqual([[1, 1, 4]])
})

test.each(['fewer', 'more', 'longer'])(
  'a model that answers with something else than a vector a text fails: %s',
  async (word) => {
    const thread = start()
    const first = thread.embed(['a'], undefined)
    const [good, bad] = [
      ['b', 'c'],
      [word, 'd'],
    ].map((texts) => thread.embed(texts, undefined))
    expect(await errorOf(bad!)).toMatchObject({ code: 'ERR_EMBEDDER', retryable: false })
    expect(await first).toHaveLength(1)
    expect((await good!).map(([, , length]) => length)).toEqual([1, 1])
  },
)

test('a model that does not load fails each call, not to be tried again', async () => {
  const thread = start('broken')
  for (let call = 0; call < 2; call++) {
    expect(await errorOf(thread.embed(['a'], undefined))).toMatchObject({ code: 'ERR_EMBEDDER', retryable: false })
  }
})

test('a call that is aborted while it waits is never embedded', async () => {
  const thread = start()
  const control = new AbortController()
  const first = thread.embed(['a'], undefined)
  const waiting = thread.embed(['b'], control.signal)
  const after = thread.embed(['c'], undefined)
  control.abort()
  expect(await codeOf(waiting)).toBe('ERR_ABORTED')
  await first
  expect(pass(await after)).toEqual([[2, 1]])
})

test('an aborted call that is under way does not hold up the next', async () => {
  const thread = start()
  const control = new AbortController()
  const first = thread.embed(['a'], control.signal)
  control.abort()
  expect(await codeOf(first)).toBe('ERR_ABORTED')
  expect(pass(await thread.embed(['b'], undefined))).toEqual([[2, 1]])
})
