import type pg from 'pg'
import type { TokenKeySource } from './doorways.ts'
import { storeFailure } from './failure.ts'
import { hmacPads, tokenWindow, tokenWindowBounds } from './token.ts'

/** Windows installed ahead: as long as upkeep may be away before calls are refused. */
export const tokenKeysAhead = 24

/** One token key as the database holds it. */
export interface VerifyingKey {
  readonly id: number
  readonly ipad: Buffer
  readonly opad: Buffer
  readonly fromMs: number
  readonly untilMs: number
}

/** The current token key and those of the next 24 hours. Asks the keyring, so never inside a transaction. */
export async function verifyingKeys(keyOf: TokenKeySource, nowMs = Date.now()): Promise<VerifyingKey[]> {
  const first = tokenWindow(nowMs)
  const windows = Array.from({ length: tokenKeysAhead + 1 }, (_, ahead) => first + ahead)
  return Promise.all(
    windows.map(async (id) => {
      const key = await keyOf(id)
      const pads = hmacPads(key)
      key.fill(0)
      return { id, ...pads, ...tokenWindowBounds(id) }
    }),
  )
}

/** Gives the database these keys and drops those whose time has passed. `upkeep` acts as the login `memkeep_upkeep`. */
export async function installTokenKeys(upkeep: Pick<pg.Pool, 'query'>, keys: readonly VerifyingKey[]): Promise<void> {
  try {
    await upkeep.query(
      `select memkeep.install_token_key(k.id, k.ipad, k.opad, k.from_ms, k.until_ms)
       from unnest($1::integer[], $2::bytea[], $3::bytea[], $4::bigint[], $5::bigint[]) as k (id, ipad, opad, from_ms, until_ms)`,
      [
        keys.map((key) => key.id),
        keys.map((key) => key.ipad),
        keys.map((key) => key.opad),
        keys.map((key) => key.fromMs),
        keys.map((key) => key.untilMs),
      ],
    )
  } catch (error) {
    throw storeFailure(error)
  }
}

/** Drops every token key of the database. `upkeep` acts as the login `memkeep_upkeep`. */
export async function forgetTokenKeys(upkeep: Pick<pg.Pool, 'query'>): Promise<void> {
  try {
    await upkeep.query('select memkeep.forget_token_keys()')
  } catch (error) {
    throw storeFailure(error)
  }
}
