import { MemkeepError } from '../core/errors.ts'
import type { Connector, ConnectorScope } from './connector.ts'
import { type ConnectorCall, PortableConnector } from './portable-connector.ts'

/**
 * How a call of one connector ended. `items` are those held, removed or remaining. `not-covered`: the store knows tenants only, and
 * one subject was asked about.
 */
export type ConnectorResult =
  | { readonly connector: string; readonly outcome: 'done'; readonly items: number }
  | { readonly connector: string; readonly outcome: 'not-covered' }
  | { readonly connector: string; readonly outcome: 'failed'; readonly error: MemkeepError }

/** Every outside store that a keep was told of. One that fails keeps no other from being asked. */
export class Connectors {
  readonly #connectors: readonly PortableConnector[]

  /** Throws `ERR_INPUT_INVALID` for a name that two of them have. */
  constructor(connectors: readonly Connector[] = []) {
    this.#connectors = connectors.map((connector) => new PortableConnector(connector))
    if (new Set(this.names).size !== connectors.length) {
      throw new MemkeepError('ERR_INPUT_INVALID', 'each connector needs a name of its own')
    }
  }

  get names(): readonly string[] {
    return this.#connectors.map(({ name }) => name)
  }

  inventory(scope: ConnectorScope, signal?: AbortSignal): Promise<ConnectorResult[]> {
    return this.#each('inventory', scope, signal)
  }

  erase(scope: ConnectorScope, signal?: AbortSignal): Promise<ConnectorResult[]> {
    return this.#each('erase', scope, signal)
  }

  verify(scope: ConnectorScope, signal?: AbortSignal): Promise<ConnectorResult[]> {
    return this.#each('verify', scope, signal)
  }

  #each(call: ConnectorCall, scope: ConnectorScope, signal: AbortSignal | undefined): Promise<ConnectorResult[]> {
    return Promise.all(this.#connectors.map((connector) => resultOf(connector, call, scope, signal)))
  }
}

/** Throws `ERR_ABORTED` alone, and what is a fault of this program. */
async function resultOf(
  connector: PortableConnector,
  call: ConnectorCall,
  scope: ConnectorScope,
  signal: AbortSignal | undefined,
): Promise<ConnectorResult> {
  const { name } = connector
  if (scope.subject !== null && connector.separates === 'tenants') return { connector: name, outcome: 'not-covered' }
  try {
    return { connector: name, outcome: 'done', items: await connector.call(call, scope, signal) }
  } catch (error) {
    if (error instanceof MemkeepError && error.code === 'ERR_CONNECTOR') {
      return { connector: name, outcome: 'failed', error }
    }
    throw error
  }
}
