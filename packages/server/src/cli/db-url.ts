import { join } from 'node:path'
import { embedded } from '@memkeep/embedded'
import { type LoginSettings, MemkeepError } from 'memkeep'
import type { Place } from '../open-keep.ts'
import { type Arguments, readArguments, UsageError } from './arguments.ts'
import type { Command } from './command.ts'
import { placeFor, refuseAbsent } from './deployment.ts'
import { print, progress } from './output.ts'
import { signalled } from './signalled.ts'

const roles = ['app', 'upkeep', 'admin'] as const
type Role = (typeof roles)[number]

/** Time enough to paste the address somewhere. */
const idleSeconds = 60

export const dbUrl: Command = {
  name: 'db url',
  takes: `--role ${roles.join('|')} [--hold] [--data DIR]`,
  does: 'prints a connection string for psql and pg, password and all',
  notes: [
    "So that anyone can attack the store with the application's own login. admin is a superuser of the embedded engine.",
    `The embedded server stops ${idleSeconds} s after the last client has left (sooner when another program started it);`,
    '--hold keeps it up until Ctrl-C. With your own server: what MEMKEEP_DATABASE_URL, MEMKEEP_UPKEEP_DATABASE_URL and',
    'MEMKEEP_ADMIN_DATABASE_URL say.',
  ],
  async run(args) {
    const given = readArguments(args, { values: ['role'], flags: ['hold'] })
    const role = given.required('role') as Role
    if (!roles.includes(role)) throw new UsageError(`--role is one of: ${roles.join(', ')}`)
    const place = placeFor(given)
    if (place.kind === 'server') await print(`${addressOf(place, role)}\n`)
    else await printEmbedded(place.dir, role, given)
    return 0
  },
}

async function printEmbedded(dir: string, role: Role, given: Arguments): Promise<void> {
  refuseAbsent({ kind: 'embedded', dir })
  const engine = await embedded({ dir: join(dir, 'db'), idleSeconds }).start()
  try {
    await print(`${urlOf(engine[role])}\n`)
    if (!given.flag('hold'))
      return progress(`the server stops when nobody has been connected for a while; --hold keeps it up`)
    const stop = signalled()
    // Neither a held server nor a listener for signals keeps the process up.
    const awake = setInterval(() => {}, 60_000)
    progress('the server is kept up until Ctrl-C')
    await stop
    clearInterval(awake)
  } finally {
    await engine.release()
  }
}

function addressOf(place: Extract<Place, { kind: 'server' }>, role: Role): string {
  const address = { app: place.appUrl, upkeep: place.upkeepUrl, admin: place.adminUrl }[role]
  if (address !== null) return address
  throw new MemkeepError('ERR_INPUT_INVALID', `MEMKEEP_${role.toUpperCase()}_DATABASE_URL is not set`)
}

/** The socket's directory stands percent-encoded in the place of the host: libpq and pg both read it so. */
function urlOf({ host, port, database, user, password }: LoginSettings): string {
  const [at, secret] = [encodeURIComponent(host), encodeURIComponent(password)]
  return `postgresql://${user}:${secret}@${at}:${port}/${database}`
}
