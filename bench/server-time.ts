import { readdirSync, readFileSync } from 'node:fs'
import type pg from 'pg'

const parentOf = (pid: string | number) => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')[1]!

/** A clock of the processor: microseconds that all of a server's processes have run. Linux alone (/proc). */
export async function serverClock(pool: Pick<pg.Pool, 'query'>): Promise<() => number> {
  const { rows } = await pool.query<{ pid: number }>('select pg_backend_pid() as pid')
  const postmaster = parentOf(rows[0]!.pid)
  return () => {
    let nanoseconds = 0
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      try {
        if (parentOf(pid) === postmaster)
          nanoseconds += Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0])
      } catch {
        // It has ended meanwhile.
      }
    }
    return nanoseconds / 1000
  }
}
