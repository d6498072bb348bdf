import { join, resolve } from 'node:path'
import { embedded } from '@memkeep/embedded'
import {
  type AuditOptions,
  type DatabaseEngine,
  type Keep,
  type KeepOptions,
  MemkeepError,
  openMemkeep,
  type RunningEngine,
} from 'memkeep'
import { directoryColdTier } from 'memkeep/cold/directory'
import { useLite, useLiteInstalled } from 'memkeep/embedders/use-lite'
import { directoryErasureLedger } from 'memkeep/erasure/directory'
import { directoryKeyStore, localKeys } from 'memkeep/keys/local'
import { snowball, snowballInstalled } from 'memkeep/languages/snowball'
import { fileWitness } from 'memkeep/witness/file'
import { httpWitness } from 'memkeep/witness/http'
import { type AuditDrivers, auditSettings } from './audit-settings.ts'
import { databaseUrl } from './database-url.ts'
import { openTelemetryTracer } from './drivers/open-telemetry.ts'
import { installedEmbedder } from './installed-embedder.ts'
import { installedLanguages } from './installed-languages.ts'
import {
  connectorsElsewhere,
  isOn,
  type KeepSettings,
  keepOptions,
  keepSettingsOf,
  supportNeedsSecond,
} from './keep-settings.ts'
import { noteKeys, refuseKeyless } from './keyless.ts'

/** Where a deployment lies, as the command line and the environment say. */
export type Place =
  | { readonly kind: 'embedded'; readonly dir: string }
  | {
      readonly kind: 'server'
      readonly appUrl: string
      readonly upkeepUrl: string | null
      readonly adminUrl: string | null
      readonly keysDir: string
      readonly acceptOldServer: boolean
    }

/**
 * `--data DIR` names an embedded deployment (default `.memkeep`). Without it MEMKEEP_DATABASE_URL, the login memkeep_app's
 * address, names your own server; MEMKEEP_KEYS is then the directory of the keys, and MEMKEEP_UPKEEP_DATABASE_URL and
 * MEMKEEP_ADMIN_DATABASE_URL are the other two logins' addresses where a command needs them. MEMKEEP_ACCEPT_OLD_SERVER=1
 * works with a server that lacks the newest security fixes. MEMKEEP_ERASURES is the directory of the erasure ledger (an embedded
 * deployment's is `erasures` in it). Throws `ERR_INPUT_INVALID`, naming the variable, for an address that is none.
 */
export function placeOf(data: string | undefined, env: NodeJS.ProcessEnv): Place {
  if (data !== undefined || env.MEMKEEP_DATABASE_URL === undefined) {
    return { kind: 'embedded', dir: resolve(data ?? '.memkeep') }
  }
  // The administrator's first: `memkeep migrate` puts it in the place of the application's, and it is refused by its own name.
  const adminUrl = databaseUrl(env, 'MEMKEEP_ADMIN_DATABASE_URL')
  const appUrl = databaseUrl(env, 'MEMKEEP_DATABASE_URL')!
  const upkeepUrl = databaseUrl(env, 'MEMKEEP_UPKEEP_DATABASE_URL')
  if (env.MEMKEEP_KEYS === undefined) {
    throw new MemkeepError(
      'ERR_INPUT_INVALID',
      'with MEMKEEP_DATABASE_URL set, MEMKEEP_KEYS must name the directory of the keys',
    )
  }
  return {
    kind: 'server',
    appUrl,
    upkeepUrl,
    adminUrl,
    keysDir: resolve(env.MEMKEEP_KEYS),
    acceptOldServer: env.MEMKEEP_ACCEPT_OLD_SERVER === '1',
  }
}

/** Root key and key store of a place. */
export function keysOf(place: Place) {
  const dir = keysDirOf(place)
  return { keys: localKeys({ file: join(dir, 'root.key') }), keyStore: directoryKeyStore({ dir: join(dir, 'store') }) }
}

export function keysDirOf(place: Place): string {
  return place.kind === 'embedded' ? join(place.dir, 'keys') : place.keysDir
}

/** An opened deployment; `engine` is the running PostgreSQL of an embedded one. */
export interface OpenedKeep {
  readonly keep: Keep
  readonly engine: RunningEngine | null
  /** How it searches: lines for whoever started the program. */
  readonly says: readonly string[]
}

const auditDrivers: AuditDrivers = {
  tierAt: (dir) => directoryColdTier({ dir }),
  fileWitness: (path) => fileWitness({ path }),
  httpWitness: (url, key) => httpWitness({ url, key }),
}

/** How the ledger is written, as the environment says. */
export const auditOf = (env: NodeJS.ProcessEnv): AuditOptions => auditSettings(env, auditDrivers)

/** Search by meaning and by stems, as far as the packages for it are installed and the environment does not say otherwise. */
async function searching(env: NodeJS.ProcessEnv) {
  const { embedder, says } = installedEmbedder({ useLite, useLiteInstalled }, env)
  const words = await installedLanguages({ snowball, snowballInstalled }, env)
  const { languages } = words
  const options = { ...(embedder === null ? {} : { embedder }), ...(languages === null ? {} : { languages }) }
  return { options, says: [says, words.says] }
}

/**
 * Opens a deployment. Throws `ERR_KEY_UNAVAILABLE` when its database is in use and its keys are not there: no new ones are made
 * beside it. Your own server gets its keys from `memkeep migrate`, and from nothing else. What neither stores nor `searches`
 * memories needs no embedder; what only `looks` leaves the ledger as it found it for an hour.
 */
export async function openKeep(
  place: Place,
  {
    searches = true,
    looks = false,
    settings: said = keepSettingsOf(process.env),
  }: { readonly searches?: boolean; readonly looks?: boolean; readonly settings?: KeepSettings } = {},
): Promise<OpenedKeep> {
  const { options: search, says } = searches ? await searching(process.env) : { options: {}, says: [] }
  const options = { ...search, ...(await traced(process.env)), ...keepOptions(said) }
  const settings = auditOf(process.env)
  const audit = looks ? { ...settings, mergeDelaySeconds: 3600 } : settings
  if (place.kind === 'server') {
    const { appUrl, upkeepUrl, acceptOldServer, keysDir } = place
    refuseKeyless(keysDir)
    const upkeep = upkeepUrl === null ? {} : { upkeep: upkeepUrl }
    const keep = await openMemkeep({
      ...keysOf(place),
      ...options,
      ...ledgerAt(process.env.MEMKEEP_ERASURES, audit),
      supportNeedsSecond: supportNeedsSecond(process.env),
      connectorsElsewhere: connectorsElsewhere(process.env),
      audit,
      database: appUrl,
      ...upkeep,
      acceptOldServer,
    })
    return { keep, engine: null, says }
  }
  refuseKeyless(keysDirOf(place), place.dir)
  const engine = embedded({ dir: join(place.dir, 'db') })
  let running: RunningEngine | null = null
  const database: DatabaseEngine = {
    dir: engine.dir,
    start: async () => {
      running = await engine.start()
      return running
    },
  }
  const ledger = ledgerAt(process.env.MEMKEEP_ERASURES ?? join(place.dir, 'erasures'), audit)
  const keep = await openMemkeep({
    ...keysOf(place),
    ...options,
    ...ledger,
    supportNeedsSecond: supportNeedsSecond(process.env),
    connectorsElsewhere: connectorsElsewhere(process.env),
    audit,
    database,
  })
  noteKeys(place.dir)
  return { keep, engine: running, says }
}

/** MEMKEEP_TRACES=1: every call on a memory is a span of the OpenTelemetry SDK that the process was started with. */
async function traced(env: NodeJS.ProcessEnv): Promise<Pick<KeepOptions, 'tracer'>> {
  return isOn(env, 'MEMKEEP_TRACES') ? { tracer: await openTelemetryTracer() } : {}
}

/**
 * The list of what was erased: without it a backup that is put back brings that back. A witness that is a file remembers its head too; a service
 * would have to be told one more key.
 */
function ledgerAt(
  dir: string | undefined,
  { witness }: AuditOptions,
): Pick<KeepOptions, 'erasureLedger' | 'erasureWitness'> {
  if (dir === undefined) return {}
  const erasureLedger = directoryErasureLedger({ dir: resolve(dir) })
  return witness?.file === undefined ? { erasureLedger } : { erasureLedger, erasureWitness: witness }
}
