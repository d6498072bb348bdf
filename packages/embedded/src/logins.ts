import type { LoginSettings } from 'memkeep'
import type { Secrets } from './secrets.ts'

/** Names the socket file; nothing listens on TCP. */
export const port = 5432

/** The database that the kernel is installed into. */
export const memoryDatabase = 'memkeep'

/** The database of the engine's own bookkeeping locks, which the kernel's logins may not enter. */
export const lockDatabase = 'postgres'

const users = { admin: 'memkeep_admin', app: 'memkeep_app', upkeep: 'memkeep_upkeep' } as const

/** @param host absolute path of the socket's directory */
export function loginSettings(
  name: keyof typeof users,
  host: string,
  secrets: Secrets,
  database: string = memoryDatabase,
): LoginSettings {
  return Object.freeze({ host, port, database, user: users[name], password: secrets[name] })
}
