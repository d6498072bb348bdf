import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { MemkeepError } from 'memkeep'
import { asMemkeepError } from './as-memkeep-error.ts'
import { postgresMajor } from './check-directory.ts'
import { copyFile, copyTree } from './copy-tree.ts'
import { Failure, unavailable } from './failure.ts'
import { type Layout, layoutOf } from './layout.ts'
import { serverUser } from './server-user.ts'
import { syncDirectory } from './sync-directory.ts'
import { whileStopped } from './while-stopped.ts'

const note = 'backup.json'
const format = 'memkeep embedded backup 1'

/**
 * Stops the server of `dir`, cleanly. A program that holds it starts it again.
 * @throws MemkeepError ERR_STORE_UNAVAILABLE when there is no database, or the server does not stop
 */
export async function stopEmbedded(dir: string): Promise<void> {
  await whileStopped(layoutOf(resolve(dir)), () => {}).catch(asMemkeepError)
}

/**
 * Whether a backup of `dir` may be made at `to`, before anything is stopped for it.
 * @throws MemkeepError ERR_INPUT_INVALID when `to` exists, or lies in `dir`
 */
export function checkBackupTarget(dir: string, to: string): void {
  const [source, target] = [resolve(dir), resolve(to)]
  refuseTaken(target)
  if (`${target}/`.startsWith(`${source}/`)) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'a backup does not lie in the directory that it is of')
  }
}

/**
 * Copies the database and its passwords from `dir` into the new directory `to` (0700), durably, while the server is
 * stopped. `to` is there whole or not at all. The keys of the memories are no part of it.
 * @throws MemkeepError ERR_INPUT_INVALID when `to` exists, or lies in `dir`; ERR_STORE_UNAVAILABLE when it cannot be made
 */
export async function backUpEmbedded(dir: string, to: string): Promise<void> {
  checkBackupTarget(dir, to)
  const [layout, target] = [layoutOf(resolve(dir)), resolve(to)]
  const work = () => placeWhole(target, (draft) => writeBackup(layout, layoutOf(draft)))
  await whileStopped(layout, work).catch(asMemkeepError)
}

/**
 * Makes `dir` anew of a backup. `dir` must be absent or empty.
 * @throws MemkeepError ERR_INPUT_INVALID when `dir` holds anything, or `from` is no backup; ERR_STORE_VERSION when it is one
 *   of another PostgreSQL major; ERR_STORE_UNAVAILABLE when it cannot be copied
 */
export async function restoreEmbedded(from: string, dir: string): Promise<void> {
  const [source, target] = [layoutOf(resolve(from)), resolve(dir)]
  refuseTaken(target)
  checkBackup(source)
  try {
    placeWhole(target, (draft) => {
      const place = layoutOf(draft)
      copyTree(source.data, place.data, serverUser(place))
      copyFile(source.secrets, place.secrets, null)
    })
  } catch (error) {
    asMemkeepError(error)
  }
}

function writeBackup(layout: Layout, backup: Layout): void {
  copyTree(layout.data, backup.data, null)
  copyFile(layout.secrets, backup.secrets, null)
  const text = JSON.stringify({ format, postgres: postgresMajor, at: new Date().toISOString() })
  writeFileSync(join(backup.dir, note), `${text}\n`, { mode: 0o600, flush: true })
}

/** Fills a directory beside its place, and puts it there when it is whole. */
function placeWhole(target: string, fill: (draft: string) => void): void {
  try {
    mkdirSync(dirname(target), { recursive: true, mode: 0o700 })
    const draft = mkdtempSync(join(dirname(target), `.${basename(target)}-`))
    try {
      fill(draft)
      syncDirectory(draft)
      renameSync(draft, target)
      syncDirectory(dirname(target))
    } finally {
      rmSync(draft, { recursive: true, force: true, maxRetries: 5 })
    }
  } catch (error) {
    if (error instanceof Failure) throw error
    throw unavailable(`Cannot copy to ${target} (${(error as NodeJS.ErrnoException).code}).`, error)
  }
}

function refuseTaken(target: string): void {
  try {
    if (!existsSync(target) || readdirSync(target).length === 0) return
  } catch {
    // A plain file, or one that we may not look into: taken in either case.
  }
  throw new MemkeepError('ERR_INPUT_INVALID', `${target} is there already: nothing is overwritten`)
}

function checkBackup(source: Layout): void {
  let found: { format?: unknown; postgres?: unknown }
  try {
    found = JSON.parse(readFileSync(join(source.dir, note), 'utf8'))
  } catch {
    found = {}
  }
  if (found.format !== format || !existsSync(source.secrets)) {
    throw new MemkeepError('ERR_INPUT_INVALID', `${source.dir} is not a backup that Memkeep made`)
  }
  if (found.postgres !== postgresMajor) {
    throw new MemkeepError('ERR_STORE_VERSION', `the backup is one of PostgreSQL ${Number(found.postgres)}`)
  }
}
