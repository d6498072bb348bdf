import { MemkeepError } from '../core/errors.ts'

interface DriverError {
  readonly code?: string
  readonly constraint?: string
  readonly where?: string
  /** The function of the server's source that raised it. */
  readonly routine?: string
}

/**
 * True when a call that is sent again finds what it would write standing there: its event, or (written before it in the same
 * transaction) a memory, an artifact with what stands behind it, or an API key under its id. Then the first send has committed; the ledger says how it ended.
 */
export function isCommittedReplay(error: unknown): boolean {
  const { code, constraint } = error as DriverError
  return code === '23505' && writtenOnce.test(constraint ?? '')
}

/** Of an event that has no place in the log yet, the row that waits for one. PostgreSQL names the partition's key, of the partition that the row would stand in. */
const writtenOnce =
  /^(event_(read|write|admin)_\d\d|pending|memory|api_key|artifact|contribution|library_entry|library_contribution)_pkey$/

/**
 * True when a prepared statement cannot be used any more (its doorway has another answer since an upgrade) or is gone. The
 * server then says so before it runs anything.
 */
export function isStaleStatement(error: unknown): boolean {
  const { code, routine } = error as DriverError
  return code === '26000' || (code === '0A000' && routine === 'RevalidateCachedQuery')
}

/** True when the connection was lost, so that nobody knows whether the call committed. */
export function isConnectionLoss(error: unknown): boolean {
  const code = (error as DriverError)?.code
  if (isPoolerRefusal(error)) return false
  if (code === undefined) return lossWords.test(String((error as Error)?.message))
  return connectionCodes.has(code) || code.startsWith('08')
}

/** A pooler has one code for what it refuses for good and for a server that it lost; only its words tell them apart. */
function isPoolerRefusal(error: unknown): boolean {
  return (error as DriverError)?.code === '08P01' && refusalWords.test(String((error as Error).message))
}

const refusalWords =
  /unsupported startup parameter|authentication failed|no such (user|database)|database ".*" does not exist/

/** The driver gives these no code. */
const lossWords = /[Cc]onnection terminated|timeout exceeded when trying to connect|Query read timeout|is not queryable/

const connectionCodes = new Set([
  '57P01',
  '57P02',
  '57P03',
  'ECONNRESET',
  'ECONNREFUSED',
  'ENOENT',
  'EPIPE',
  'ETIMEDOUT',
])

const refusals: Readonly<Record<string, (cause: unknown) => MemkeepError>> = {
  MK001: (cause) => new MemkeepError('ERR_SCOPE_FORGED', 'the database refused the scope token', { cause }),
  MK002: (cause) =>
    new MemkeepError('ERR_STORE_UNAVAILABLE', "the database's clock and this process's differ by over 30 s", { cause }),
  MK003: (cause) =>
    new MemkeepError('ERR_STORE_UNAVAILABLE', 'the database has no current token key: upkeep has not run', {
      cause,
      retryable: true,
    }),
  MK004: () =>
    new MemkeepError(
      'ERR_STORE_UNSAFE',
      'a doorway is called alone in its transaction, under read committed, with durable commits',
    ),
  MK005: () => new MemkeepError('ERR_STORE_UNSAFE', 'the database holds another token key: is it another KeyStore?'),
  MK007: (cause) =>
    new MemkeepError('ERR_STORE_UNAVAILABLE', 'the log has moved: somebody else appended to it', {
      cause,
      retryable: true,
    }),
  MK006: () =>
    new MemkeepError('ERR_STORE_UNSAFE', 'the database refused the time of a token key: is its clock right?'),
}

/** True when an event that waits for its place in the log has one: no call of ours leaves it so. */
export function isPlacedTwice(error: unknown): boolean {
  return error instanceof MemkeepError && placedTwice(error.cause)
}

function placedTwice(error: unknown): boolean {
  const { code, constraint } = (error ?? {}) as DriverError
  return code === '23505' && constraint === 'log_entry_event'
}

/** True when nothing was appended to a log because it is not as long as the caller thought. */
export function isLogMoved(error: unknown): boolean {
  return error instanceof MemkeepError && (error.cause as DriverError | undefined)?.code === 'MK007'
}

/** True for an error of the driver or of the server: anything else is a fault of this program, and must stay visible. */
export function isStoreFailure(error: unknown): boolean {
  return isConnectionLoss(error) || /^[0-9A-Z]{5}$/.test(String((error as DriverError | null)?.code))
}

/**
 * The typed error for whatever the driver threw. The driver's error becomes the cause; its text is not repeated, for it
 * can quote values.
 */
export function storeFailure(error: unknown): MemkeepError {
  if (error instanceof MemkeepError) return error
  const { code = '', where = '' } = error as DriverError
  const refusal = refusals[code]
  if (refusal !== undefined) return refusal(error)
  if (placedTwice(error)) {
    return new MemkeepError('ERR_STORE_UNSAFE', 'an event that has its place in the log waits for another', {
      cause: error,
    })
  }
  if (isConnectionLoss(error) || code.startsWith('53') || code === '25006') {
    return new MemkeepError('ERR_STORE_UNAVAILABLE', 'the database cannot be reached or has no room', {
      cause: error,
      retryable: true,
    })
  }
  if (where.includes('memkeep.record(')) {
    return new MemkeepError('ERR_AUDIT_UNAVAILABLE', 'the audit row could not be written, so nothing was done', {
      cause: error,
    })
  }
  if (code === '42883' || code === '3F000') {
    return new MemkeepError('ERR_STORE_VERSION', 'the schema is not one that this code knows', { cause: error })
  }
  if (code === '28P01' || code === '28000' || code === '42501' || isPoolerRefusal(error)) {
    return new MemkeepError('ERR_STORE_UNSAFE', 'the database refused this login', { cause: error })
  }
  return new MemkeepError('ERR_STORE_UNAVAILABLE', 'the database failed', { cause: error })
}
