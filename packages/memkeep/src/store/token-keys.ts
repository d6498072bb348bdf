import type pg from 'pg'
import type { TokenKeySource } from './doorways.ts'
import { storeFailure } from './failure.ts'
import { hmacPads, tokenWindow, tokenWindowBounds } from './token.ts'

/** Windows installed ahead: as long as upkeep may be away before calls are refused. */
export const tokenKeysAhead = 24

/**
 * Gives the database the pads of the current token key and of those for the next 24 hours, and drops those whose time has
 * passed. `upkeep` is a pool (or client) of the login `memkeep_upkeep`.
 */
export async function installTokenKeys(
  upkeep: Pick<pg.Pool, 'query'>,
  keyOf: TokenKeySource,
  nowMs = Date.now(),
): Promise<void> {
  const first = tokenWindow(nowMs)
  const windows = Array.from({ length: tokenKeysAhead + 1 }, (_, ahead) => first + ahead)
  const pads = await Promise.all(windows.map(async (window) => hmacPads(await keyOf(window))))
  const bounds = windows.map(tokenWindowBounds)
  try {
    await upkeep.query(
      `select memkeep.install_token_key(k.id, k.ipad, k.opad, k.from_ms, k.until_ms)
       from unnest($1::integer[], $2::bytea[], $3::bytea[], $4::bigint[], $5::bigint[]) as k (id, ipad, opad, from_ms, until_ms)`,
      [
        windows,
        pads.map((pad) => pad.ipad),
        pads.map((pad) => pad.opad),
        bounds.map((each) => each.fromMs),
        bounds.map((each) => each.untilMs),
      ],
    )
  } catch (error) {
    throw storeFailure(error)
  }
}
