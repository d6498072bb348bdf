import { existsSync, lstatSync, readdirSync, realpathSync, type Stats, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { MemkeepError } from 'memkeep'
import { type Finding, inspectKeyStore } from 'memkeep/install'
import { keysDirOf, keysOf, type Place } from '../open-keep.ts'
import { quoted } from './output.ts'

/** What is wrong with the directory of the keys, with where it lies and, unless that is fatal, with what opens nothing any more. */
export async function inspectKeys(place: Place): Promise<Finding[]> {
  const found = inspectKeyFiles(place)
  if (found.some(({ fatal }) => fatal) || !isFilled(join(keysDirOf(place), 'store'))) return found
  try {
    return [...found, ...(await inspectKeyStore(keysOf(place)))]
  } catch (error) {
    if (!(error instanceof MemkeepError)) throw error
    return [...found, finding('key-store-damaged', `${error.message} (${error.code})`, 'see what the error says')]
  }
}

function inspectKeyFiles(place: Place): Finding[] {
  const dir = keysDirOf(place)
  const [root, store] = [join(dir, 'root.key'), join(dir, 'store')]
  if (!existsSync(dir))
    return [finding('keys-absent', `there are no keys at ${dir}`, 'put them back from their backup')]
  const found: Finding[] = []
  if (dataAbove(realpathSync(dir), place)) {
    found.push(finding('keys-under-data', "the keys lie under the database's directory", 'move them to another place'))
  }
  // Around the keys nobody else may write; the keys themselves nobody else may read.
  for (const [path, forbidden] of [
    [dir, 0o022],
    [root, 0o077],
    [store, 0o077],
  ] as const) {
    const stats = statSync(path, { throwIfNoEntry: false })
    if (stats !== undefined) found.push(...judgeAccess(path, stats, forbidden))
  }
  if (!existsSync(root) && isFilled(store)) {
    found.push(finding('root-key-missing', `${root} is missing beside wrapped keys`, 'put it back from its backup'))
  }
  if (existsSync(root) && !isFilled(store)) {
    found.push(finding('key-store-empty', `${store} holds no keys`, 'put them back from their backup'))
  }
  return found
}

function judgeAccess(path: string, { uid, mode }: Stats, forbidden: number): Finding[] {
  const own = uid === process.geteuid?.()
  const closed = (mode & forbidden) === 0
  return [
    ...(own ? [] : [finding('keys-owner', `${path} belongs to another user`, 'give it to the user that runs Memkeep')]),
    ...(closed ? [] : [finding('keys-open', `${path} is open to other users`, `chmod go= ${quoted(path)}`)]),
  ]
}

/** PostgreSQL marks its directories with PG_VERSION; a backup of such a one takes everything below it along. */
function dataAbove(path: string, place: Place): boolean {
  const database = place.kind === 'embedded' ? join(place.dir, 'db') : null
  const real = database !== null && existsSync(database) ? realpathSync(database) : null
  for (let above = path; ; above = dirname(above)) {
    if (above === real || existsSync(join(above, 'PG_VERSION'))) return true
    if (dirname(above) === above) return false
  }
}

function isFilled(store: string): boolean {
  return lstatSync(store, { throwIfNoEntry: false })?.isDirectory() === true && readdirSync(store).length > 0
}

function finding(code: string, message: string, remedy: string): Finding {
  return { code, message, remedy, fatal: true }
}
