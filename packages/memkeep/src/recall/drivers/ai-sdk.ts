import { aiSdkFailure } from '../../core/ai-sdk-failure.ts'
import { MemkeepError } from '../../core/errors.ts'
import type { Embedder } from '../embedder.ts'
import { type RemoteOptions, remoteEmbedder } from './remote-embedder.ts'

/** The AI SDK's `EmbeddingModelV4`, as far as it is called here; older models of its shape (V3, V2) fit too. */
export interface AiSdkEmbeddingModel {
  readonly provider: string
  readonly modelId: string
  readonly maxEmbeddingsPerCall: number | undefined | PromiseLike<number | undefined>
  readonly supportsParallelCalls: boolean | PromiseLike<boolean>
  doEmbed(options: {
    values: string[]
    dimensions?: number
    abortSignal?: AbortSignal
    // biome-ignore lint/suspicious/noExplicitAny: the JSON types of the AI SDK are its own
    providerOptions?: any
    headers?: Record<string, string | undefined>
  }): PromiseLike<{ embeddings: number[][] }>
}

export interface AiSdkOptions extends RemoteOptions {
  /** Handed to the model with each call. */
  readonly providerOptions?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

/**
 * Any embedding model of the AI SDK, with retries, a timeout for each try, bounded calls and checked dimensions, none of
 * which a bare model has. Errors carry the name and HTTP status of the AI SDK's error and nothing else of it: that one
 * holds the texts.
 */
export function aiSdk(model: AiSdkEmbeddingModel, options: AiSdkOptions = {}): Embedder {
  if (typeof model?.doEmbed !== 'function' || typeof model.modelId !== 'string') {
    throw new MemkeepError('ERR_INPUT_INVALID', 'aiSdk takes an embedding model, such as openai.embedding(name) gives')
  }
  const { providerOptions, ...remote } = options
  return remoteEmbedder(
    {
      provider: model.provider,
      modelId: model.modelId,
      get maxEmbeddingsPerCall() {
        return model.maxEmbeddingsPerCall
      },
      get supportsParallelCalls() {
        return model.supportsParallelCalls
      },
      async embed(values, abortSignal, dimensions) {
        const answer = await model.doEmbed({
          values,
          abortSignal,
          ...(dimensions === undefined ? {} : { dimensions }),
          ...(providerOptions === undefined ? {} : { providerOptions }),
        })
        return answer.embeddings
      },
      failureOf: (cause) => aiSdkFailure('the embedding model', cause),
    },
    remote,
  )
}
