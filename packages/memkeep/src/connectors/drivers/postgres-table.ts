import type { AttemptOptions } from '../../core/attempts.ts'
import { MemkeepError } from '../../core/errors.ts'
import type { Connector, ConnectorScope } from '../connector.ts'

/** A pool of `pg`, or anything that queries as it does. */
export interface TablePool {
  query(
    text: string,
    values: readonly unknown[],
  ): Promise<{ readonly rows: readonly unknown[]; readonly rowCount: number | null }>
}

export interface PostgresTableInput extends AttemptOptions {
  /** Default `postgres`. */
  readonly name?: string
  /** Of the database where the table is: yours, and yours to end. */
  readonly pool: TablePool
  readonly schema?: string
  readonly table: string
  readonly tenantColumn: string
  /** Without it the table knows tenants only: the erasure of one subject does not reach it, and says so. */
  readonly subjectColumn?: string
  /** What stands in these columns for a scope. Default: the ids. */
  readonly valuesOf?: (scope: ConnectorScope) => { readonly tenant: unknown; readonly subject?: unknown }
}

const rowsAtOnce = 5000

/**
 * Rows of a PostgreSQL table of your own, by a column with the tenant and one with the subject. Removes them some thousands at a time, so
 * that no try is for nothing. Freed rows stand in the table's files until PostgreSQL vacuums it.
 */
export function postgresTable(input: PostgresTableInput): Connector {
  const { name = 'postgres', pool, schema, table, tenantColumn, subjectColumn, valuesOf, ...patience } = input
  const from = [schema, table]
    .filter((part) => part !== undefined)
    .map(quoted)
    .join('.')
  const bySubject =
    subjectColumn === undefined ? null : `${quoted(tenantColumn)} = $1 and ${quoted(subjectColumn)} = $2`
  const byTenant = `${quoted(tenantColumn)} = $1`

  const condition = (scope: ConnectorScope): { where: string; values: unknown[] } => {
    const { tenant, subject } = valuesOf === undefined ? scope : valuesOf(scope)
    if (scope.subject === null) return { where: byTenant, values: [tenant] }
    if (bySubject === null || subject === undefined || subject === null) {
      throw new MemkeepError('ERR_INPUT_INVALID', 'the table has no column, or no value, for a subject')
    }
    return { where: bySubject, values: [tenant, subject] }
  }
  const count = async (scope: ConnectorScope): Promise<number> => {
    const { where, values } = condition(scope)
    const { rows } = await pool.query(`select count(*)::text as number from ${from} where ${where}`, values)
    return Number((rows[0] as { number: string }).number)
  }

  return {
    name,
    separates: subjectColumn === undefined ? 'tenants' : 'subjects',
    patience,
    inventory: count,
    verify: count,
    async erase(scope, signal) {
      const { where, values } = condition(scope)
      const some = `select ctid from ${from} where ${where} limit ${rowsAtOnce}`
      let removed = 0
      for (;;) {
        signal.throwIfAborted()
        const { rowCount } = await pool.query(
          `delete from ${from} where ${where} and ctid = any (array(${some}))`,
          values,
        )
        if (!rowCount) return removed
        removed += rowCount
      }
    },
  }
}

function quoted(identifier: string): string {
  if (typeof identifier !== 'string' || identifier === '' || identifier.includes('\0')) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'schema, table and columns must be names')
  }
  return `"${identifier.replaceAll('"', '""')}"`
}
