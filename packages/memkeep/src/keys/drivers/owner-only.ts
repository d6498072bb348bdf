import type { Stats } from 'node:fs'
import { MemkeepError } from '../../core/errors.ts'

/** Throws `ERR_STORE_UNSAFE` unless only this process's user can read or change it (so always where there are no such users). */
export function checkOwnerOnly(stats: Stats, path: string): void {
  if (stats.uid !== process.geteuid?.()) {
    throw new MemkeepError('ERR_STORE_UNSAFE', `${path} belongs to another user: give it to the user that runs Memkeep`)
  }
  if ((stats.mode & 0o077) !== 0) {
    throw new MemkeepError('ERR_STORE_UNSAFE', `${path} is open to others: run chmod go= on it`)
  }
}
