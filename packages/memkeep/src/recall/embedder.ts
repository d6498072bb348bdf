import { MemkeepError } from '../core/errors.ts'

/** Turns texts into vectors. The part of the AI SDK's `EmbeddingModelV4` that is needed here: such a model fits as it is. */
export interface Embedder {
  readonly provider: string
  readonly modelId: string
  /** Most texts in one call; without it all go in one. */
  readonly maxEmbeddingsPerCall?: number | PromiseLike<number | undefined> | undefined
  /** One vector per value, in their order, all of one length. */
  doEmbed(options: { values: string[]; abortSignal?: AbortSignal }): PromiseLike<{ embeddings: number[][] }>
}

/**
 * One vector of length 1 for each text, in order; no call when there are none. Calls follow one another.
 * Throws `ERR_EMBEDDER` when the embedder fails (`retryable` as its error's `isRetryable` says, true when it says nothing) or
 * answers with something else than one finite, non-zero vector of one dimension per text (not retryable).
 * Throws `ERR_ABORTED` as soon as `signal` is aborted, even if the embedder does not heed it.
 */
export async function embedAll(
  embedder: Embedder,
  texts: readonly string[],
  signal?: AbortSignal,
): Promise<Float32Array[]> {
  const perCall = (await guarded(async () => embedder.maxEmbeddingsPerCall, signal)) ?? Number.POSITIVE_INFINITY
  if (!(perCall >= 1)) throw fault('maxEmbeddingsPerCall of the embedder is not a positive number')
  const vectors: Float32Array[] = []
  for (let from = 0; from < texts.length; ) {
    const values = texts.slice(from, from + perCall)
    from += values.length
    const embeddings = await embed(embedder, values, signal)
    for (const embedding of embeddings) vectors.push(unitVector(embedding, vectors[0]?.length))
  }
  return vectors
}

async function embed(embedder: Embedder, values: string[], signal?: AbortSignal): Promise<readonly unknown[]> {
  const wanted = values.length
  const answer = await guarded(
    async () => embedder.doEmbed(signal ? { values, abortSignal: signal } : { values }),
    signal,
  )
  if (!Array.isArray(answer?.embeddings) || answer.embeddings.length !== wanted) {
    throw fault('the embedder did not answer with one vector per text')
  }
  return answer.embeddings
}

/** Runs foreign code: its failures come out as `ERR_EMBEDDER`, and an abort does not wait for it. */
async function guarded<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  const aborted = () => new MemkeepError('ERR_ABORTED', 'embedding was aborted', { cause: signal?.reason })
  if (signal?.aborted) throw aborted()
  const stop = Promise.withResolvers<never>()
  const onAbort = () => stop.reject(aborted())
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([work(), stop.promise])
  } catch (cause) {
    if (signal?.aborted) throw aborted()
    throw new MemkeepError('ERR_EMBEDDER', 'the embedder failed', { cause, retryable: mayRetry(cause) })
  } finally {
    signal?.removeEventListener('abort', onAbort)
  }
}

function mayRetry(cause: unknown): boolean {
  const { isRetryable } = (cause ?? {}) as { isRetryable?: unknown }
  return typeof isRetryable === 'boolean' ? isRetryable : true
}

function unitVector(embedding: unknown, dims: number | undefined): Float32Array {
  if (!isVector(embedding)) throw fault('the embedder answered with something else than a vector')
  if (dims !== undefined && embedding.length !== dims) throw fault('the dimension of the embedder changed')
  let largest = 0
  for (let i = 0; i < embedding.length; i++) {
    const value = embedding[i]
    if (!Number.isFinite(value)) throw fault('the embedder answered with a number that is not finite')
    largest = Math.max(largest, Math.abs(value!))
  }
  if (largest === 0) throw fault('the embedder answered with a zero vector')
  // By the largest first: squares of very large or very small values would leave the range of a number.
  let squares = 0
  for (let i = 0; i < embedding.length; i++) squares += (embedding[i]! / largest) ** 2
  const length = Math.sqrt(squares)
  return Float32Array.from(embedding, (value) => value / largest / length)
}

function isVector(value: unknown): value is ArrayLike<number> {
  return Array.isArray(value) || value instanceof Float32Array || value instanceof Float64Array
}

function fault(message: string): MemkeepError {
  return new MemkeepError('ERR_EMBEDDER', message)
}
