import type pg from 'pg'
import { postgresTable } from '../../src/connectors/drivers/postgres-table.ts'
import type { KeepOptions } from '../../src/index.ts'

const summary: NonNullable<KeepOptions['rebuilders']>[string] = async ({ sources }) =>
  sources.map(({ content }) => content).join(' + ')

/** Who makes summaries and entries of the library anew. */
export const makingAnew = { rebuilders: { summary }, libraryRebuilders: { summary } } satisfies Partial<KeepOptions>

/** What every process of a deployment is opened with that erases here: an outside store, and who makes summaries and entries of the library anew. */
export function erasingWith(pool: pg.Pool): Partial<KeepOptions> {
  const columns = { tenantColumn: 'account', subjectColumn: 'person' }
  return {
    connectors: [postgresTable({ name: 'crm', pool, schema: 'public', table: 'crm', ...columns })],
    ...makingAnew,
  }
}
