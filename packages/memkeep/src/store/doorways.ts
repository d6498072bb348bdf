import type pg from 'pg'
import type { Clock } from '../core/clock.ts'
import { MemkeepError } from '../core/errors.ts'
import type { IdSource } from '../core/ids.ts'
import { type RefusedTokenCounts, RefusedTokens } from '../core/refused-tokens.ts'
import { isDirect } from './connect.ts'
import { isCommittedReplay, isConnectionLoss, isStaleStatement, storeFailure } from './failure.ts'
import { FairTurns } from './fair-turns.ts'
import { type Claims, mintToken, relaxableDoorways, type TokenKey, tokenLifetimeMs, tokenWindow } from './token.ts'

/** Where the keys of scope tokens come from: the keyring, one key a window. Each answer is a copy, to be zero-filled. */
export type TokenKeySource = (window: number) => Promise<Buffer>

/** One call of one doorway. `args` follow the tenant and the token. */
export interface DoorwayCall {
  readonly doorway: string
  readonly claims: Claims
  /** Audit event id; made by the caller when it must be known beforehand. */
  readonly event?: string
  /** The kernel's time of the call; made by the caller when rows are sealed under it. */
  readonly atMs?: number
  readonly args: readonly unknown[]
}

const statements = new Map<string, string>()

function statementOf(doorway: string, places: number): string {
  const known = statements.get(`${doorway}/${places}`)
  if (known !== undefined) return known
  const text = `select * from memkeep.${doorway}(${Array.from({ length: places }, (_, index) => `$${index + 1}`).join(', ')})`
  statements.set(`${doorway}/${places}`, text)
  return text
}

/**
 * Calls doorways: one statement, one round trip, one transaction each. Rows are handed on only after the server said that
 * the transaction has committed (`pg` settles a query at ReadyForQuery, which follows the commit of its implicit
 * transaction). When a connection dies under a call, the call is sent again with the same token: if the first had
 * committed, its event id is taken and the second cannot commit again.
 */
export class Doorways {
  readonly #pool: pg.Pool
  readonly #turns: FairTurns
  readonly #keyOf: TokenKeySource
  readonly #clock: Clock
  readonly #ids: IdSource
  readonly #refused: RefusedTokens
  readonly #relaxedReads: boolean

  /** `relaxedReads`: reads do not wait for the disk, and a crash may lose their last events. */
  constructor(
    pool: pg.Pool,
    keyOf: TokenKeySource,
    clock: Clock,
    ids: IdSource,
    { refused = new RefusedTokens(), relaxedReads = false } = {},
  ) {
    this.#pool = pool
    const { max = 10, connectionTimeoutMillis: waitMs = 10_000 } = pool.options
    this.#turns = new FairTurns(max, waitMs)
    this.#keyOf = keyOf
    this.#clock = clock
    this.#ids = ids
    this.#refused = refused
    this.#relaxedReads = relaxedReads
  }

  /** Rows of the doorway, or `committed` when an earlier send of this very call had already committed. */
  async call<Row extends pg.QueryResultRow>(call: DoorwayCall): Promise<Row[] | 'committed'> {
    const atMs = call.atMs ?? this.#clock.now()
    const event = call.event ?? this.#ids.uuid(atMs)
    const key = await this.#currentKey()
    const relaxed = this.#relaxedReads && relaxableDoorways.has(call.doorway)
    const token = mintToken(key, call.claims, { doorway: call.doorway, event, atMs, relaxed })
    key.key.fill(0)
    const values = [call.claims.tenant, token, ...call.args]
    const giveUpAt = Date.now() + tokenLifetimeMs / 3
    for (let sent = 0; ; sent++) {
      try {
        return await this.#inTurn(call.claims.tenant, () => this.#send<Row>(call.doorway, values))
      } catch (error) {
        this.#refused.note(error)
        if (sent > 0 && isCommittedReplay(error)) return 'committed'
        if (!isConnectionLoss(error) || Date.now() > giveUpAt) throw storeFailure(error)
        await new Promise((resolve) => setTimeout(resolve, 50 * (sent + 1)))
      }
    }
  }

  async #inTurn<T>(tenant: Buffer, run: () => Promise<T>): Promise<T> {
    const end = await this.#turns.take(tenant.toString('latin1'))
    try {
      return await run()
    } finally {
      end()
    }
  }

  /** On a direct connection as a prepared statement, which spares the server to parse and plan it at every call. */
  async #send<Row extends pg.QueryResultRow>(doorway: string, values: unknown[]): Promise<Row[]> {
    const text = statementOf(doorway, values.length)
    const client = await this.#pool.connect()
    let failure: Error | undefined
    try {
      if (isDirect(client)) {
        try {
          return (await client.query<Row>({ text, values, name: `${doorway}/${values.length}` })).rows
        } catch (error) {
          if (!isStaleStatement(error)) throw error
          // Nothing was run. The connection goes afterwards, and its statements with it.
          failure = error as Error
        }
      }
      return (await client.query<Row>({ text, values })).rows
    } catch (error) {
      failure = error as Error
      throw error
    } finally {
      client.release(failure)
    }
  }

  /** For doorways whose repeated answer cannot be told from the rows: a replay becomes a retryable error. */
  async read<Row extends pg.QueryResultRow>(call: DoorwayCall): Promise<Row[]> {
    const rows = await this.call<Row>(call)
    if (rows !== 'committed') return rows
    throw new MemkeepError('ERR_STORE_UNAVAILABLE', 'the connection was lost after the answer', { retryable: true })
  }

  /** Tokens that the database refused since this was made. */
  refusedTokens(): RefusedTokenCounts {
    return this.#refused.counts()
  }

  /** Asked for at every call and zero-filled after it: only the keyring holds keys. */
  async #currentKey(): Promise<TokenKey> {
    const id = tokenWindow(Date.now())
    return { id, key: await this.#keyOf(id) }
  }
}
