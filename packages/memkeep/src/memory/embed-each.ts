import { MemkeepError } from '../core/errors.ts'
import { probeToStore } from '../recall/embedder.ts'
import { vectorsOf } from './index-of.ts'
import type { Kernel } from './kernel.ts'

/** `refused`: the embedder makes a vector of other texts, and none of this one. Null: there is no embedder. */
export type Made = Float32Array | 'refused' | null

/** Asks the embedder for one vector of a text of nobody's, and returns its length. Throws `ERR_EMBEDDER` when it gives none. */
export async function probe({ embedder }: Pick<Kernel, 'embedder'>, signal?: AbortSignal): Promise<number | null> {
  return embedder === null ? null : probeToStore(embedder, signal)
}

/**
 * As `vectorsOf`, but one text that the embedder refuses costs the others nothing. Throws `ERR_EMBEDDER` when it
 * may answer later, and when it refuses harmless texts too: then it is the embedder that is at fault.
 */
export async function vectorsOfEach(
  kernel: Pick<Kernel, 'embedder'>,
  texts: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Made[]> {
  const made = await inHalves(kernel, texts, signal)
  // Asked after the last refusal: a key that was taken back meanwhile is no fault of a text.
  if (made.includes('refused')) await probe(kernel, signal)
  return made
}

async function inHalves(
  kernel: Pick<Kernel, 'embedder'>,
  texts: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Made[]> {
  try {
    return await vectorsOf(kernel, texts, signal)
  } catch (error) {
    if (!(error instanceof MemkeepError) || error.code !== 'ERR_EMBEDDER' || error.retryable) throw error
    if (texts.length === 1) return ['refused']
    const half = Math.ceil(texts.length / 2)
    const first = await inHalves(kernel, texts.slice(0, half), signal)
    return [...first, ...(await inHalves(kernel, texts.slice(half), signal))]
  }
}
