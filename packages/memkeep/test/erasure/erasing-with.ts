import type pg from 'pg'
import { postgresTable } from '../../src/connectors/drivers/postgres-table.ts'
import type { KeepOptions } from '../../src/index.ts'

/** What every process of a deployment is opened with that erases here: an outside store, and who makes summaries and entries of the library anew. */
export function erasingWith(pool: pg.Pool): Partial<KeepOptions> {
  const columns = { tenantColumn: 'account', subjectColumn: 'person' }
  const summary: NonNullable<KeepOptions['rebuilders']>[string] = async ({ sources }) =>
    sources.map(({ content }) => content).join(' + ')
  return {
    connectors: [postgresTable({ name: 'crm', pool, schema: 'public', table: 'crm', ...columns })],
    rebuilders: { summary },
    libraryRebuilders: { summary },
  }
}
