import { MemkeepError } from 'memkeep'

/**
 * The address of a database in a variable, or null. Throws `ERR_INPUT_INVALID` for what is no address of PostgreSQL, by the
 * variable's name: the driver would take `garbage` for the name of a database on a host of its own choice. Never quotes it, as it
 * may hold a password.
 */
export function databaseUrl(env: NodeJS.ProcessEnv, name: string): string | null {
  const text = env[name]
  if (text === undefined) return null
  // The host may be left out before the path: it stands in the query then.
  if (/^postgres(ql)?:\/\//i.test(text) && URL.canParse(text.replace('@/', '@host/'))) return text
  throw new MemkeepError(
    'ERR_INPUT_INVALID',
    `${name} must be an address such as postgresql://user:password@host/database`,
  )
}
