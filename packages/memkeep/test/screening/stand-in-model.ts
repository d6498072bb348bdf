import type { AiSdkLanguageModel } from '../../src/screening/drivers/language-model.ts'

export type CallOptions = Parameters<AiSdkLanguageModel['doGenerate']>[0]

/** What `doGenerate` of `LanguageModelV4` resolves to, as far as a driver may look. */
export function generated(text: string, unified = 'stop') {
  return {
    content: [
      { type: 'reasoning', text: 'not for the caller' },
      { type: 'text', text },
    ],
    finishReason: { unified, raw: unified },
    usage: {
      inputTokens: { total: 9, noCache: 9, cacheRead: undefined, cacheWrite: undefined },
      outputTokens: { total: 5, text: 5, reasoning: undefined },
    },
    warnings: [],
  }
}

/** A model of the AI SDK's specification v4, written from its type; each call takes the next answer, and the last one again. */
export function standInModel(...answers: unknown[]) {
  const calls: CallOptions[] = []
  return {
    specificationVersion: 'v4',
    provider: 'acme.chat',
    modelId: 'judge-1',
    supportedUrls: {},
    calls,
    async doGenerate(options: CallOptions) {
      calls.push(options)
      await new Promise(setImmediate)
      options.abortSignal?.throwIfAborted()
      const answer = answers.length > 1 ? answers.shift() : answers[0]
      if (answer instanceof Error || answer === null) throw answer
      return (typeof answer === 'string' ? generated(answer) : answer) as ReturnType<typeof generated>
    },
    doStream() {
      throw new Error('nobody asked for a stream')
    },
  } as const
}

/** As `APICallError` of the AI SDK is: with the request and the answer's body in it. */
export function apiCallError(statusCode: number, isRetryable: boolean): Error {
  return Object.assign(new Error('Incorrect API key provided: sk-1'), {
    [Symbol.for('vercel.ai.error')]: true,
    name: 'AI_APICallError',
    url: 'https://api.example/v1/chat',
    requestBodyValues: { prompt: ['a secret text'] },
    responseBody: 'sk-1',
    statusCode,
    isRetryable,
  })
}
