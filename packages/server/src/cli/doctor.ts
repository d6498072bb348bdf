import { join } from 'node:path'
import { embedded } from '@memkeep/embedded'
import { MemkeepError, type RunningEngine } from 'memkeep'
import { type Finding, type InspectOptions, inspectStore, type LoginRole } from 'memkeep/install'
import type { Place } from '../open-keep.ts'
import { readArguments } from './arguments.ts'
import type { Command } from './command.ts'
import { placeFor, refuseAbsent } from './deployment.ts'
import { inspectErasures } from './inspect-erasures.ts'
import { inspectKeys } from './inspect-keys.ts'
import { inspectLedger } from './inspect-ledger.ts'
import { inspectShelves } from './inspect-shelves.ts'
import { inspectWitness } from './inspect-witness.ts'
import { meaningOf } from './meanings.ts'
import { print, printJson, shown } from './output.ts'

/** A finding, and what it was found on. */
interface Found extends Finding {
  readonly on: 'keys' | 'engine' | 'shelves' | 'witness' | 'ledger' | 'erasures' | LoginRole
}

export const doctor: Command = {
  name: 'doctor',
  takes: '[--shelves] [--ledger] [--erasures] [--json] [--data DIR]',
  does: 'inspects logins, database and keys, and says what to do',
  notes: [
    'Changes nothing. Fails when a finding is fatal: Memkeep does not work with such a database.',
    '--shelves opens every index entry of every tenant as well, and says which do not open, which models made the vectors,',
    'and what `memkeep reembed` would change. Slow; it is recorded in the ledger as the reads that it is.',
    'Where MEMKEEP_WITNESS is set, the witness is asked whether the database was set back.',
    '--ledger says whether events have waited for their place in the signed log longer than a minute.',
    '--erasures says which erasures are not done, and which upkeep refuses, as this deployment did not write their rows so.',
    '--json prints {"findings": [{"on", "code", "message", "meaning", "remedy", "fatal"}]}.',
  ],
  async run(args) {
    const given = readArguments(args, { flags: ['json', 'shelves', 'ledger', 'erasures'] })
    const place = placeFor(given)
    refuseAbsent(place)
    const found = [...(await inspectKeys(place)).map(on('keys')), ...(await inspectDatabase(place))]
    if (place.kind === 'server' && process.env.MEMKEEP_ERASURES === undefined) found.push(noErasureLedger)
    if (!found.some(({ fatal }) => fatal)) found.push(...(await inspectWitness(place, process.env)).map(on('witness')))
    // What is fatal would refuse to be opened.
    if (given.flag('shelves') && !found.some(({ fatal }) => fatal)) {
      found.push(...(await inspectShelves(place)).map(on('shelves')))
    }
    if (given.flag('ledger') && !found.some(({ fatal }) => fatal)) {
      found.push(...(await inspectLedger(place)).map(on('ledger')))
    }
    if (given.flag('erasures') && !found.some(({ fatal }) => fatal)) {
      found.push(...(await inspectErasures(place)).map(on('erasures')))
    }
    const findings = found.map((each) => ({ ...each, meaning: meaningOf(each.code) }))
    if (given.flag('json')) await printJson({ findings })
    else await tell(findings)
    return findings.some(({ fatal }) => fatal) ? 1 : 0
  },
}

async function tell(findings: readonly (Found & { readonly meaning: string })[]): Promise<void> {
  for (const { on, code, message, meaning, remedy, fatal } of findings) {
    await print(`${fatal ? 'FATAL' : 'note '}  ${on}: ${code}\n       ${shown(message)}\n`)
    await print(`       means: ${meaning}\n       do:    ${shown(remedy)}\n`)
  }
  const fatal = findings.filter((each) => each.fatal).length
  const notes = findings.length - fatal
  await print(fatal === 0 ? `nothing fatal, ${notes} to note\n` : `${fatal} fatal, ${notes} to note\n`)
}

async function inspectDatabase(place: Place): Promise<Found[]> {
  if (place.kind === 'server') {
    const { appUrl, upkeepUrl, acceptOldServer } = place
    return [
      ...(await inspectLogin({ login: 'memkeep_app', database: appUrl, acceptOldServer })),
      ...(upkeepUrl === null
        ? [noUpkeep]
        : await inspectLogin({ login: 'memkeep_upkeep', database: upkeepUrl, acceptOldServer })),
    ]
  }
  return [...(await inspectEngine(place.dir)), sameUser(place.dir)]
}

async function inspectEngine(dir: string): Promise<Found[]> {
  let engine: RunningEngine
  try {
    engine = await embedded({ dir: join(dir, 'db') }).start()
  } catch (error) {
    if (!(error instanceof MemkeepError)) throw error
    return [engineRefused(dir, error)]
  }
  try {
    return [
      ...(await inspectLogin({ login: 'memkeep_app', database: { ...engine.app }, embedded: true })),
      ...(await inspectLogin({ login: 'memkeep_upkeep', database: { ...engine.upkeep }, embedded: true })),
    ]
  } finally {
    await engine.release()
  }
}

function engineRefused(dir: string, { code, message }: MemkeepError): Found {
  const remedy =
    code === 'ERR_STORE_VERSION'
      ? 'open it with the version of Memkeep that made it, export there, and import into a new directory here'
      : `see ${join(dir, 'db', 'server.log')}; db/ must belong to the OS user that opens it, and db/data not to root`
  return { on: 'engine', code: 'engine-refused', message, remedy, fatal: true }
}

async function inspectLogin(options: InspectOptions): Promise<Found[]> {
  try {
    return (await inspectStore(options)).map(on(options.login))
  } catch (error) {
    if (!(error instanceof MemkeepError)) throw error
    const remedy =
      'check the address, the password and that the server runs; `memkeep migrate --set-passwords` sets them'
    return [{ on: options.login, code: 'login-refused', message: error.message, remedy, fatal: true }]
  }
}

const noUpkeep: Found = {
  on: 'memkeep_upkeep',
  code: 'upkeep-not-inspected',
  message: 'MEMKEEP_UPKEEP_DATABASE_URL is not set, so that login was not looked at',
  remedy: 'set it here and where `memkeep upkeep` runs',
  fatal: false,
}

const noErasureLedger: Found = {
  on: 'erasures',
  code: 'erasure-ledger-none',
  message: 'MEMKEEP_ERASURES is not set, so there is no erasure ledger',
  remedy: 'name a directory outside the database, the keys and their backups; for every server and here the same',
  fatal: false,
}

function sameUser(dir: string): Found {
  return {
    on: 'engine',
    code: 'engine-same-user',
    message: `the password of the database's superuser lies in ${join(dir, 'db', 'secrets.json')}`,
    remedy: 'where that matters, use a server of your own and keep the keys in another place',
    fatal: false,
  }
}

function on(what: Found['on']): (finding: Finding) => Found {
  return (finding) => ({ on: what, ...finding })
}
