import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defaultServerConditions } from 'vite'
import { defineConfig } from 'vitest/config'

// Tests see the sources, never a stale dist: every export starts with this condition.
const source = 'memkeep-src'

/** What Node itself takes: a package's `module` is for bundlers, and need not run here. */
const asNode = defaultServerConditions.filter((condition) => condition !== 'module')

export default defineConfig({
  ssr: { resolve: { conditions: [source, ...asNode], externalConditions: [source] } },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'test/**/*.test.ts'],
    globalSetup: ['./test/start-postgres.ts'],
    pool: 'forks',
    maxWorkers: 2,
    env: {
      // By words alone, which is fast; tests of embedding say otherwise.
      MEMKEEP_EMBEDDER: 'none',
      // Child processes start in half the time once one of them has compiled the sources.
      NODE_COMPILE_CACHE: join(tmpdir(), `memkeep-compiled-${process.getuid?.() ?? 'tests'}`),
    },
    testTimeout: 120_000,
    hookTimeout: 120_000,
    coverage: {
      provider: 'v8',
      include: ['packages/*/src/**/*.ts'],
      reporter: ['text-summary', 'json-summary', 'text'],
    },
  },
})
