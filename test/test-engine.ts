import { type EmbeddedOptions, embedded } from '@memkeep/embedded'
import type { DatabaseEngine } from 'memkeep'
import { installedPostgres } from './installed-postgres.ts'

/** The PostgreSQL that tests run on: the embedded one, or one of the programs in MEMKEEP_TEST_POSTGRES_BIN. */
export function testEngine(options: EmbeddedOptions): DatabaseEngine {
  const bin = process.env.MEMKEEP_TEST_POSTGRES_BIN
  return bin === undefined ? embedded(options) : installedPostgres(bin, options.dir)
}
