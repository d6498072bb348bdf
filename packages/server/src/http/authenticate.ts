import { MemkeepError } from 'memkeep'
import type { Administrator, AdminKeys } from '../authn/admin-keys.ts'
import type { Caller } from '../authn/caller.ts'
import { clientAddress, type TrustedProxies } from '../authn/client-address.ts'
import type { Credentials } from '../authn/credentials.ts'
import { bearerOf } from './check-headers.ts'
import type { Exchange } from './exchange.ts'
import { Refusal, unauthenticated } from './problem.ts'

/** Who is known, and whose word on a client's address is taken. */
export interface Directories {
  readonly credentials: Credentials
  readonly adminKeys: AdminKeys
  readonly proxies: TrustedProxies
}

/** Whoever can tell who shows a secret. */
interface Directory<Who> {
  readonly find: (secret: string, address: string) => Promise<Who | null> | Who | null
  readonly waitSeconds: (address: string) => number
}

/**
 * Who asks for memories. Throws 401 for no credential and for one that is not valid, 429 after too many failures. `metadata`:
 * where a client of OAuth learns whose tokens are taken.
 */
export function authenticate(
  { credentials, proxies }: Directories,
  exchange: Exchange,
  metadata?: string,
): Promise<Caller> {
  const find = (secret: string, address: string) => credentials.caller(secret, address)
  return foundBy({ find, waitSeconds: (address) => credentials.waitSeconds(address) }, exchange, proxies, metadata)
}

/** Who administers. Throws as `authenticate`: a key for memories is none here, nor the other way round. */
export function authenticateAdmin(
  { adminKeys: keys, proxies }: Directories,
  exchange: Exchange,
): Promise<Administrator> {
  const find = (secret: string, address: string) => keys.administrator(secret, address)
  return foundBy({ find, waitSeconds: (address) => keys.waitSeconds(address) }, exchange, proxies)
}

async function foundBy<Who>(
  directory: Directory<Who>,
  { env: { incoming } }: Exchange,
  proxies: TrustedProxies,
  metadata?: string,
): Promise<Who> {
  const secret = bearerOf(incoming)
  const address = clientAddress(incoming, proxies)
  const who = secret === null ? null : await limited(directory, secret, address)
  if (who !== null) return who
  const more = metadata === undefined ? '' : `, resource_metadata="${metadata}"`
  throw unauthenticated({ 'WWW-Authenticate': `Bearer realm="memkeep"${more}` })
}

async function limited<Who>(directory: Directory<Who>, secret: string, address: string): Promise<Who | null> {
  try {
    return await directory.find(secret, address)
  } catch (error) {
    if (!(error instanceof MemkeepError) || error.code !== 'ERR_RATE_LIMITED') throw error
    const wait = { 'Retry-After': String(Math.max(1, directory.waitSeconds(address))) }
    throw new Refusal(429, 'ERR_RATE_LIMITED', error.message, wait)
  }
}
