import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { Served } from './served.ts'

/** Holds back whatever reads or writes memories, by a lock on their table, until released. `held` settles when one waits. */
export async function holdWrites({ database }: Pick<Served, 'database'>) {
  const client = new pg.Client({ ...database.admin })
  await client.connect()
  await client.query('begin; lock table memkeep.memory in access exclusive mode')
  const waiting = async (): Promise<void> => {
    for (;;) {
      const { rows } = await client.query('select 1 from pg_locks where not granted and relation = $1::regclass', [
        'memkeep.memory',
      ])
      if (rows.length > 0) return
      await sleep(10)
    }
  }
  const release = async (): Promise<void> => {
    await client.query('commit')
    await client.end()
  }
  return { release, held: waiting() }
}
