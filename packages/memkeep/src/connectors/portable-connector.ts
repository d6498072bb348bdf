import { type AttemptSeams, attempt, defaultSeams, type Tried } from '../core/attempts.ts'
import { MemkeepError } from '../core/errors.ts'
import { Failure, networkCodeOf } from '../core/failure.ts'
import type { Connector, ConnectorScope } from './connector.ts'

export type ConnectorCall = 'inventory' | 'erase' | 'verify'

/**
 * A connector with what every driver needs: a time limit for each try, retries with pauses, and answers that are checked.
 * Throws `ERR_CONNECTOR` (retryable when waiting may help), which names the connector and never says what the store wrote.
 */
export class PortableConnector {
  readonly name: string
  readonly separates: 'subjects' | 'tenants'
  readonly #connector: Connector
  readonly #seams: AttemptSeams

  /** Throws `ERR_INPUT_INVALID` for a name that cannot stand in a report. */
  constructor(connector: Connector, seams: AttemptSeams = defaultSeams) {
    const { name, separates = 'subjects' } = connector
    checkConnectorName(name)
    this.name = name
    this.separates = separates
    this.#connector = connector
    this.#seams = seams
  }

  async call(call: ConnectorCall, scope: ConnectorScope, signal?: AbortSignal): Promise<number> {
    const connector = this.#connector
    const tried: Tried = {
      code: 'ERR_CONNECTOR',
      who: `connector ${this.name}`,
      failureOf: (cause) => this.#failureOf(cause),
    }
    try {
      return await attempt(
        async (stop) => checkCount(await connector[call](scope, stop)),
        tried,
        connector.patience ?? {},
        this.#seams,
        signal,
      )
    } catch (error) {
      if (!signal?.aborted) throw error
      throw new MemkeepError('ERR_ABORTED', `the call of connector ${this.name} was aborted`, { cause: signal.reason })
    }
  }

  /** In our own words, or a driver's: never those of another library's error, which may quote a key or an item. */
  #failureOf(cause: unknown): Failure {
    const who = `connector ${this.name}`
    if (cause instanceof Failure) return new Failure(`${who}: ${cause.message}`, cause.retryable, cause.retryAfterMs)
    if (cause instanceof MemkeepError) return new Failure(`${who}: ${cause.message}`, cause.retryable)
    const label = networkCodeOf(cause) ?? (cause instanceof Error && /^\w{1,60}$/.test(cause.name) ? cause.name : null)
    return new Failure(`${who} failed${label === null ? '' : ` (${label})`}`, true)
  }
}

function checkCount(value: unknown): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number
  throw new Failure('answered with what is no count', false)
}

/** Throws `ERR_INPUT_INVALID` for a name that cannot stand in a report. */
export function checkConnectorName(name: string): void {
  if (typeof name === 'string' && /^[a-z0-9][a-z0-9-]{0,63}$/.test(name)) return
  throw new MemkeepError('ERR_INPUT_INVALID', 'the name of a connector is 1 to 64 of a-z, 0-9 and -')
}
