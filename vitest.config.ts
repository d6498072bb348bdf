import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defaultServerConditions } from 'vite'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

// Tests see the sources, never a stale dist: every export starts with this condition.
const source = 'memkeep-src'

/** What Node itself takes: a package's `module` is for bundlers, and need not run here. */
const asNode = defaultServerConditions.filter((condition) => condition !== 'module')

/** What takes minutes. */
const long =
  /(non-interference|label-property|cli\/database|cli\/commands|cli\/fuzz|cli\/reembed|killed|hostile-clients)\.test\.ts$/

/** Those go first: begun late, one of them would run on alone, with a core that does nothing. */
class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { yes = [], no = [] } = Object.groupBy(await super.sort(files), ({ moduleId }) =>
      long.test(moduleId) ? 'yes' : 'no',
    )
    return [...yes, ...no]
  }
}

export default defineConfig({
  ssr: { resolve: { conditions: [source, ...asNode], externalConditions: [source] } },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'test/**/*.test.ts'],
    globalSetup: ['./test/start-postgres.ts'],
    pool: 'forks',
    // One more than the cores of a small machine: tests wait for locks, for children and for the disk.
    maxWorkers: 3,
    sequence: { sequencer: LongFirst },
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
