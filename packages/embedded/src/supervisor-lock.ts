import { DatabaseSync } from 'node:sqlite'
import type { Layout } from './layout.ts'

/**
 * An exclusive lock of the kernel's, which dies with its holder: there is nothing to clean up after `kill -9`, and no pid
 * to mistake. Node reaches such locks through SQLite only, so the lock is an open transaction on an empty database.
 * @returns null when another process holds it. Else the lock; it is held for as long as the object is reachable.
 */
export function takeSupervisorLock(layout: Layout): DatabaseSync | null {
  const file = new DatabaseSync(layout.lock)
  try {
    // Without a journal on disk: there is nothing to roll back.
    file.exec('pragma journal_mode = memory; begin exclusive')
    return file
  } catch (error) {
    file.close()
    if ((error as { errcode?: number }).errcode === sqliteBusy) return null
    throw error
  }
}

const sqliteBusy = 5
