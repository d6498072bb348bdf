import { MemkeepError } from '../core/errors.ts'
import { failureLabel } from '../core/failure-label.ts'

/**
 * Turns texts into vectors. The part of the AI SDK's `EmbeddingModelV4` that is needed here: such a model fits as it is. No
 * embedder at all is the lexical default: search by words alone.
 */
export interface Embedder {
  readonly provider: string
  /** `provider/modelId` stands on every entry: two embedders of one name must give the same vectors. */
  readonly modelId: string
  /** The length of its vectors. Without it two answers must agree about that before a vector is stored. */
  readonly dimensions?: number | undefined
  /** Most texts in one call; without it all go in one. */
  readonly maxEmbeddingsPerCall?: number | PromiseLike<number | undefined> | undefined
  /** Whether calls may overlap. Without it they follow one another. */
  readonly supportsParallelCalls?: boolean | PromiseLike<boolean> | undefined
  /** One vector per value, in their order, all of one length. */
  doEmbed(options: { values: string[]; abortSignal?: AbortSignal }): PromiseLike<{ embeddings: number[][] }>
}

/** Most calls for one list of texts that are under way at a time. */
const parallelCalls = 4

/** Of each embedder that does not say it, the dimension that two answers agreed about. */
const dimensionOf = new WeakMap<Embedder, number>()
/** A text that no embedder has reason to refuse. */
const harmless = 'memkeep'

/** The length of the embedder's vectors, where it says it or is known; undefined until then. */
export function dimensionsOf(embedder: Embedder): number | undefined {
  return embedder.dimensions ?? dimensionOf.get(embedder)
}

/** For one that turned out to be wrong: the next answers are asked to agree anew. */
export function forgetDimensions(embedder: Embedder): void {
  dimensionOf.delete(embedder)
}

/**
 * One vector of length 1 for each text, in order; no call when there are none. Calls follow one another, or up to four
 * overlap when the embedder supports it; the first that fails stops the rest.
 * Throws `ERR_EMBEDDER` when the embedder fails (`retryable` as its error's `isRetryable` says, true when it says nothing; of
 * that error the name and HTTP status are told and nothing else is kept, for it may hold the texts) or
 * answers with something else than one finite, non-zero vector per text, of the dimension that is known of this embedder (not retryable). A `MemkeepError` of the embedder is thrown on as it is.
 * Throws `ERR_ABORTED` as soon as `signal` is aborted, even if the embedder does not heed it.
 */
export async function embedAll(
  embedder: Embedder,
  texts: readonly string[],
  signal?: AbortSignal,
): Promise<Float32Array[]> {
  const batches = await batchesOf(embedder, texts, signal)
  const parallel = batches.length > 1 && (await guarded(async () => embedder.supportsParallelCalls, signal)) === true
  const answers = await inLanes(batches, parallel ? parallelCalls : 1, signal, (values, stop) =>
    embed(embedder, values, stop),
  )
  const vectors: Float32Array[] = []
  for (const embedding of answers.flat()) {
    const vector = unitVector(embedding, vectors[0]?.length ?? dimensionsOf(embedder))
    vectors.push(vector)
  }
  return vectors
}

/**
 * As `embedAll`, for what is stored: one answer of another dimension than the model's would stand among its vectors, and no search could rank both. So the first
 * is believed when another agrees. Throws `ERR_EMBEDDER` when it does not, and believes neither.
 */
export async function embedToStore(
  embedder: Embedder,
  texts: readonly string[],
  signal?: AbortSignal,
): Promise<Float32Array[]> {
  const vectors = await embedAll(embedder, texts, signal)
  const dims = vectors[0]?.length
  if (dims === undefined || dimensionsOf(embedder) !== undefined) return vectors
  if ((await probe(embedder, signal)) !== dims) throw fault('two answers of the embedder are of different dimensions')
  dimensionOf.set(embedder, dims)
  return vectors
}

/** Asks the embedder for one vector of a text of nobody's, and returns its length. Throws `ERR_EMBEDDER` when it gives none. */
async function probe(embedder: Embedder, signal?: AbortSignal): Promise<number> {
  const [vector] = await embedAll(embedder, [harmless], signal)
  return vector!.length
}

/** As `embedToStore` asks, without a text of anybody's: the length of the embedder's vectors. */
export async function probeToStore(embedder: Embedder, signal?: AbortSignal): Promise<number> {
  const [vector] = await embedToStore(embedder, [harmless], signal)
  return vector!.length
}

async function batchesOf(embedder: Embedder, texts: readonly string[], signal?: AbortSignal): Promise<string[][]> {
  const perCall = (await guarded(async () => embedder.maxEmbeddingsPerCall, signal)) ?? Number.POSITIVE_INFINITY
  if (!(perCall >= 1)) throw fault('maxEmbeddingsPerCall of the embedder is not a positive number')
  const batches: string[][] = []
  for (let from = 0; from < texts.length; ) {
    const values = texts.slice(from, from + perCall)
    from += values.length
    batches.push(values)
  }
  return batches
}

/** What `work` makes of each batch, in order, at most `lanes` at a time. A failure aborts what is under way and starts nothing more. */
async function inLanes<Batch, Answer>(
  batches: readonly Batch[],
  lanes: number,
  signal: AbortSignal | undefined,
  work: (batch: Batch, stop: AbortSignal | undefined) => Promise<Answer>,
): Promise<Answer[]> {
  const answers = new Array<Answer>(batches.length)
  const failed = new AbortController()
  const stop = lanes === 1 ? signal : AbortSignal.any([failed.signal, ...(signal ? [signal] : [])])
  let next = 0
  const lane = async (): Promise<void> => {
    for (let at = next++; at < batches.length && !failed.signal.aborted; at = next++) {
      answers[at] = await work(batches[at]!, stop)
    }
  }
  try {
    await Promise.all(Array.from({ length: Math.min(lanes, batches.length) }, lane))
    return answers
  } catch (error) {
    failed.abort()
    throw error
  }
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
    if (cause instanceof MemkeepError) throw cause
    throw new MemkeepError('ERR_EMBEDDER', `the embedder failed with ${failureLabel(cause)}`, {
      retryable: mayRetry(cause),
    })
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
  // A plain loop, as every query comes here: `Float32Array.from` goes by an iterator.
  const unit = new Float32Array(embedding.length)
  for (let i = 0; i < unit.length; i++) unit[i] = embedding[i]! / largest / length
  return unit
}

function isVector(value: unknown): value is ArrayLike<number> {
  return Array.isArray(value) || value instanceof Float32Array || value instanceof Float64Array
}

function fault(message: string): MemkeepError {
  return new MemkeepError('ERR_EMBEDDER', message)
}
