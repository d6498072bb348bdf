import { mkdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Failure, unavailable } from './failure.ts'
import type { Layout } from './layout.ts'

/** The PostgreSQL major version whose data directories this package can open. */
export const postgresMajor = '18'

/**
 * Makes the directory (0700) when `create` is set and it is absent, and refuses one that is not safely ours. A directory
 * that is refused is left as it was.
 * @throws Failure ERR_STORE_VERSION when the data is of another PostgreSQL major; ERR_STORE_UNAVAILABLE otherwise
 */
export function checkDirectory(layout: Layout, create: boolean): void {
  const found = statOrNull(layout.dir)
  if (!found && !create) throw unavailable('The data directory is gone.')
  if (!found) makeDirectory(layout.dir)
  const stat = found ?? statSync(layout.dir)
  if (!stat.isDirectory()) throw unavailable(`Not a directory: ${layout.dir}`)
  if (stat.uid !== process.getuid?.()) {
    throw unavailable(`${layout.dir} belongs to OS user ${stat.uid}: open it as that user.`)
  }
  if ((stat.mode & 0o022) !== 0) {
    throw unavailable(`Other OS users can write to ${layout.dir}: run chmod 700 on it.`)
  }
  checkVersion(layout)
}

/** @returns whether the cluster has been made. A half-made one does not lie in this place. */
export function hasCluster(layout: Layout): boolean {
  return statOrNull(layout.data) !== null
}

function makeDirectory(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw unavailable(`Cannot create ${dir}.`, error)
  }
}

function checkVersion(layout: Layout): void {
  if (!hasCluster(layout)) return
  let version: string
  try {
    version = readFileSync(join(layout.data, 'PG_VERSION'), 'utf8').trim()
  } catch (error) {
    throw unavailable(`${layout.data} is not a PostgreSQL data directory that this user can read.`, error)
  }
  if (version === postgresMajor) return
  throw new Failure(
    'ERR_STORE_VERSION',
    `${layout.data} was made by PostgreSQL ${version}; this package runs ${postgresMajor}. ` +
      'Export with the version that made it, and import here. Nothing was changed.',
  )
}

function statOrNull(path: string) {
  try {
    return statSync(path, { throwIfNoEntry: false }) ?? null
  } catch (error) {
    throw unavailable(`Cannot look at ${path}.`, error)
  }
}
