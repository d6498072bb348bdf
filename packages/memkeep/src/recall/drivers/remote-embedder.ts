import { type AttemptOptions, type AttemptSeams, attempt, defaultSeams } from '../../core/attempts.ts'
import { checkWholeNumbers } from '../../core/check-whole-numbers.ts'
import { MemkeepError } from '../../core/errors.ts'
import { Failure } from '../../core/failure.ts'
import type { Embedder } from '../embedder.ts'
import { Lanes } from './lanes.ts'

export interface RemoteOptions extends AttemptOptions {
  /** The length that every vector must have. Default: whatever the first answer of this process has. */
  readonly dimensions?: number
  /** Also ask the model for that length; only some models can shorten theirs. Default false. */
  readonly sendDimensions?: boolean
  /** Most calls under way at a time, of all callers together. Default 4. */
  readonly parallelCalls?: number
  /** Only the first so many UTF-16 units of a longer text are embedded (search by words sees all of it). Default: all. */
  readonly maxTextChars?: number
  /** For tests. */
  readonly seams?: Partial<AttemptSeams>
}

/** What a driver brings: its names, and one try of one call. */
export interface RemoteModel {
  readonly provider: string
  readonly modelId: string
  readonly maxEmbeddingsPerCall: Embedder['maxEmbeddingsPerCall']
  readonly supportsParallelCalls: Embedder['supportsParallelCalls']
  embed(values: string[], signal: AbortSignal, dimensions: number | undefined): PromiseLike<number[][]>
  failureOf(cause: unknown): Failure
}

/** A model elsewhere as an `Embedder`: with bounded calls, timeouts, retries, and checked dimensions. */
export function remoteEmbedder(model: RemoteModel, options: RemoteOptions): Embedder {
  const { dimensions, sendDimensions = false, parallelCalls = 4, maxTextChars, ...rest } = options
  checkWholeNumbers({ dimensions, parallelCalls, maxTextChars, timeoutMs: rest.timeoutMs }, 1)
  checkWholeNumbers({ retries: rest.retries }, 0)
  if (sendDimensions && dimensions === undefined) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'sendDimensions needs dimensions')
  }
  const lanes = new Lanes(parallelCalls)
  const seams = { ...defaultSeams, ...rest.seams }
  const tried = {
    code: 'ERR_EMBEDDER',
    who: 'the embedder',
    failureOf: (cause: unknown): Failure => (cause instanceof Failure ? cause : model.failureOf(cause)),
  } as const

  const oneCall = async (values: string[], stop: AbortSignal): Promise<number[][]> => {
    const embeddings = await model.embed(values, stop, sendDimensions ? dimensions : undefined)
    const wrong = dimensions !== undefined && embeddings?.some?.((embedding) => embedding?.length !== dimensions)
    if (wrong) throw new Failure('the embedding model answered with vectors of another dimension', false)
    return embeddings
  }

  return Object.freeze({
    provider: model.provider,
    modelId: model.modelId,
    ...(dimensions === undefined ? {} : { dimensions }),
    get maxEmbeddingsPerCall() {
      return model.maxEmbeddingsPerCall
    },
    get supportsParallelCalls() {
      return model.supportsParallelCalls
    },
    async doEmbed({ values, abortSignal }: Parameters<Embedder['doEmbed']>[0]) {
      const texts = values.map((value) => cut(value, maxTextChars))
      const tries = () => attempt((stop) => oneCall([...texts], stop), tried, rest, seams, abortSignal)
      try {
        // A call keeps its lane while it pauses: what an endpoint refuses from one of us it need not hear from the others.
        return { embeddings: await lanes.run(tries, abortSignal) }
      } catch (error) {
        if (!abortSignal?.aborted) throw error
        throw new MemkeepError('ERR_ABORTED', 'embedding was aborted', { cause: abortSignal.reason })
      }
    },
  })
}

function cut(text: string, maxChars: number | undefined): string {
  return maxChars === undefined || text.length <= maxChars ? text : text.slice(0, maxChars).toWellFormed()
}
