import { MemkeepError } from 'memkeep'
import type { ApiKeys } from '../authn/api-key.ts'
import type { Reach } from '../operations/operation.ts'
import { bearerOf } from './check-headers.ts'
import type { Exchange } from './exchange.ts'
import { Refusal } from './problem.ts'

export type KeyCheck = Pick<ApiKeys, 'reach' | 'waitSeconds'>

/** What the request's credential reaches. Throws 401 for none and for one that is not valid, 429 after too many failures. */
export async function authenticate(keys: KeyCheck, { env: { incoming } }: Exchange): Promise<Reach> {
  const secret = bearerOf(incoming)
  const address = incoming.socket.remoteAddress ?? 'unknown'
  const reach = secret === null ? null : await reachOf(keys, secret, address)
  if (reach !== null) return reach
  const challenge = { 'WWW-Authenticate': 'Bearer realm="memkeep"' }
  throw new Refusal(401, 'ERR_UNAUTHENTICATED', 'a valid API key is required', challenge)
}

async function reachOf(keys: KeyCheck, secret: string, address: string): Promise<Reach | null> {
  try {
    return await keys.reach(secret, address)
  } catch (error) {
    if (!(error instanceof MemkeepError) || error.code !== 'ERR_RATE_LIMITED') throw error
    const wait = { 'Retry-After': String(Math.max(1, keys.waitSeconds(address))) }
    throw new Refusal(429, 'ERR_RATE_LIMITED', error.message, wait)
  }
}
