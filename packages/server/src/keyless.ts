import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MemkeepError } from 'memkeep'

const noteName = 'has-keys'

/**
 * Throws `ERR_KEY_UNAVAILABLE` when the root key is not in `keysDir`, though a database depends on it: new keys would open nothing
 * in it, and would stand where the old ones belong. Of an embedded deployment the note in `dir` says that it had keys.
 */
export function refuseKeyless(keysDir: string, dir?: string): void {
  if (existsSync(join(keysDir, 'root.key'))) return
  const neverHadKeys = dir !== undefined && !(existsSync(join(dir, noteName)) && existsSync(join(dir, 'db', 'data')))
  if (neverHadKeys) return
  const remedy = 'put them back from their backup (`memkeep migrate` makes the first ones for a server of your own)'
  throw new MemkeepError('ERR_KEY_UNAVAILABLE', `the keys are not in ${keysDir}: ${remedy}`)
}

/** Notes beside an embedded database that there are keys for it: it was opened with them, or restored from a backup. */
export function noteKeys(dir: string): void {
  try {
    writeFileSync(join(dir, noteName), 'The database beside this file is worth nothing without its keys.\n', {
      flag: 'wx',
      mode: 0o600,
    })
  } catch {
    // It is there already; or nothing can be written here, and then the note is not worth a deployment that does not open.
  }
}
