import type { TestDatabase } from '../../../../test/database.ts'

/** The row of an id as it stands now. The answer puts it back in the place of what stands there then. */
export async function copiedRow({ query }: TestDatabase, table: 'artifact' | 'library_entry', id: string) {
  const rows = await query<Record<string, unknown>>(`select * from memkeep.${table} where id = $1`, [id])
  return async (): Promise<void> => {
    await query(`delete from memkeep.${table} where id = $1`, [id])
    for (const row of rows) {
      const places = Object.keys(row).map((_, at) => `$${at + 1}`)
      await query(`insert into memkeep.${table} (${Object.keys(row)}) values (${places})`, Object.values(row))
    }
  }
}
