import { defaultServerConditions } from 'vite'
import { defineConfig } from 'vitest/config'

// Tests see the sources, never a stale dist: every export starts with this condition.
const source = 'memkeep-src'

export default defineConfig({
  ssr: { resolve: { conditions: [source, ...defaultServerConditions], externalConditions: [source] } },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'test/**/*.test.ts'],
    globalSetup: ['./test/start-postgres.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // By words alone, which is fast; tests of embedding say otherwise.
    env: { MEMKEEP_EMBEDDER: 'none' },
    testTimeout: 120_000,
    hookTimeout: 120_000,
    coverage: {
      provider: 'v8',
      include: ['packages/*/src/**/*.ts'],
      reporter: ['text-summary', 'json-summary', 'text'],
    },
  },
})
