import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { testEmbedder } from '../../../src/conformance/embedder.ts'
import { type AiSdkEmbeddingModel, type AiSdkOptions, aiSdk } from '../../../src/recall/drivers/ai-sdk.ts'
import { embedAll } from '../../../src/recall/embedder.ts'
import { codeOf, errorOf } from '../../support/code-of.ts'
import { vectorFor } from './word-vectors.ts'

type Options = Parameters<AiSdkEmbeddingModel['doEmbed']>[0]

/** A model of the AI SDK's specification v4, written from its type; `failures` are thrown by the first calls. */
function model(...failures: unknown[]) {
  const calls: Options[] = []
  return {
    specificationVersion: 'v4',
    provider: 'acme.embedding',
    modelId: 'words-1',
    maxEmbeddingsPerCall: Promise.resolve(10),
    supportsParallelCalls: Promise.resolve(true),
    calls,
    async doEmbed(options: Options) {
      const values = [...options.values]
      calls.push({ ...options, values })
      await new Promise(setImmediate)
      options.abortSignal?.throwIfAborted()
      if (failures.length > 0) throw failures.shift()
      return { embeddings: values.map((value) => vectorFor(value, options.dimensions)), warnings: [] }
    },
  } as const
}

/** As `APICallError` of the AI SDK is: with the request's texts and the answer's body in it. */
function apiCallError(statusCode: number, isRetryable: boolean, responseHeaders: Record<string, string> = {}): Error {
  return Object.assign(new Error('Incorrect API key provided: sk-1'), {
    [Symbol.for('vercel.ai.error')]: true,
    name: 'AI_APICallError',
    url: 'https://api.example/v1/embeddings',
    requestBodyValues: { input: ['a secret'] },
    responseBody: 'sk-1',
    statusCode,
    isRetryable,
    responseHeaders,
  })
}

const seamsInto = (waits: number[]) => ({ wait: async (ms: number) => void waits.push(ms), random: () => 0 })
const embed = (given: AiSdkEmbeddingModel, options: AiSdkOptions = {}, waits: number[] = []) =>
  embedAll(aiSdk(given, { seams: seamsInto(waits), ...options }), ['a secret'])

test('keeps every promise of an embedder', async () => {
  await testEmbedder(async () => ({ embedder: aiSdk(model()), again: aiSdk(model()), dimensions: 24 }))
})

test('hands over what the model is to be told', async () => {
  const given = model()
  const providerOptions = { acme: { truncate: true } }
  const [vector] = await embed(given, { providerOptions, dimensions: 12, sendDimensions: true })
  expect(vector).toHaveLength(12)
  expect(given.calls[0]).toMatchObject({ values: ['a secret'], dimensions: 12, providerOptions })
})

describe('a failure', () => {
  const aiSdkError = Object.assign(new Error('no'), {
    [Symbol.for('vercel.ai.error')]: true,
    name: 'AI_LoadAPIKeyError',
  })

  test.each<[string, unknown]>([
    ['that the AI SDK calls retryable', apiCallError(503, true)],
    ['of a lost connection', new TypeError('fetch failed')],
    ['that says nothing', null],
  ])('%s is tried again', async (_, failure) => {
    const waits: number[] = []
    await embed(model(failure, failure), {}, waits)
    expect(waits).toEqual([250, 500])
    expect(await errorOf(embed(model(failure, failure), { retries: 1 }))).toMatchObject({
      code: 'ERR_EMBEDDER',
      retryable: true,
    })
  })

  test.each<[string, unknown]>([
    ['that the AI SDK calls lasting', apiCallError(400, false)],
    ['of the AI SDK that is no failed call', aiSdkError],
    ['with the status of a wrong request', { statusCode: 422 }],
  ])('%s is not', async (_, failure) => {
    const given = model(failure)
    expect(await errorOf(embed(given))).toMatchObject({ code: 'ERR_EMBEDDER', retryable: false })
    expect(given.calls).toHaveLength(1)
  })

  test('waits as long as the endpoint asks', async () => {
    const waits: number[] = []
    await embed(model(apiCallError(429, true, { 'Retry-After': '3' })), {}, waits)
    expect(waits).toEqual([3000])
  })

  test('says its name and status, and neither text nor key', async () => {
    const error = await errorOf(embed(model(apiCallError(401, false))))
    expect(error.message).toContain('AI_APICallError, status 401')
    const bare = await errorOf(embedAll(model(apiCallError(401, false)), ['a secret']))
    expect(bare.message).toContain('AI_APICallError, status 401')
    const shown = (what: unknown) => inspect(what, { depth: 9, showHidden: true })
    expect(shown(apiCallError(401, false)), 'the AI SDK’s own error does').toMatch(/sk-1[\s\S]*a secret/)
    for (const each of [error, bare]) expect(shown(each)).not.toMatch(/sk-1|a secret/)
  })
})

test('a model that heeds no signal is left behind when its time is up, or its caller gives up', async () => {
  const deaf = { ...model(), doEmbed: () => new Promise<never>(() => {}) }
  expect(await errorOf(embed(deaf, { timeoutMs: 20, retries: 1 }))).toMatchObject({
    code: 'ERR_EMBEDDER',
    retryable: true,
  })
  const control = new AbortController()
  const call = aiSdk(deaf).doEmbed({ values: ['a'], abortSignal: control.signal })
  control.abort()
  expect(await codeOf(Promise.resolve(call))).toBe('ERR_ABORTED')
})

test('an abort ends the pause between tries', async () => {
  const control = new AbortController()
  const patient = aiSdk(model(apiCallError(429, true, { 'retry-after': '25' })))
  const call = patient.doEmbed({ values: ['a'], abortSignal: control.signal })
  setTimeout(() => control.abort(), 30)
  expect(await codeOf(Promise.resolve(call))).toBe('ERR_ABORTED')
})

test.each([undefined, {}, 'openai/text-embedding-3-small', { doEmbed: () => {} }])('%j is no model', async (given) => {
  const error = await errorOf(() => aiSdk(given as never))
  expect(error.code).toBe('ERR_INPUT_INVALID')
})
