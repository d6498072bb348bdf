import type { Embedder } from '../embedder.ts'
import { type ModelThread, textsPerTurn } from './model-thread.ts'

/** An embedder whose model runs in a thread of this process. That thread does not keep the process alive. */
export interface ThreadedEmbedder extends Embedder, AsyncDisposable {
  /** Ends the thread and gives its memory back. Calls under way fail; a later call starts it again. */
  close(): Promise<void>
}

export function threadedEmbedder(provider: string, modelId: string, thread: ModelThread): ThreadedEmbedder {
  return Object.freeze({
    provider,
    modelId,
    maxEmbeddingsPerCall: textsPerTurn,
    supportsParallelCalls: false,
    async doEmbed({ values, abortSignal }: Parameters<Embedder['doEmbed']>[0]) {
      return { embeddings: await thread.embed([...values], abortSignal) }
    },
    close: () => thread.close(),
    [Symbol.asyncDispose]: () => thread.close(),
  })
}
