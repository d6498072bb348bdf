import { resolve } from 'node:path'
import type { DatabaseEngine, RunningEngine } from 'memkeep'
import { asMemkeepError } from './as-memkeep-error.ts'
import { holdServer } from './hold-server.ts'
import { layoutOf } from './layout.ts'

export interface EmbeddedOptions {
  /** Directory of everything that the engine keeps; made when absent. Relative to the working directory. */
  readonly dir: string
  /** Seconds without a client after which the server stops. Default 5. The opener that starts the server decides. */
  readonly idleSeconds?: number
}

/**
 * A PostgreSQL 18 that belongs to its data directory: `start()` starts it, or adopts the one that runs already, also one
 * that another process started. It stops by itself when nobody holds it and no client is connected.
 *
 * `start()` rejects with ERR_STORE_VERSION when the data is of another PostgreSQL major (nothing is altered), and with
 * ERR_STORE_UNAVAILABLE when there can be no server here. A held server that dies is started again.
 * @throws TypeError on options of the wrong shape
 */
export function embedded(options: EmbeddedOptions): DatabaseEngine {
  const { dir, idleSeconds = 5 } = options
  if (typeof dir !== 'string' || dir === '') throw new TypeError('embedded: dir must be a non-empty string.')
  if (!Number.isFinite(idleSeconds) || idleSeconds <= 0) {
    throw new TypeError('embedded: idleSeconds must be a positive number.')
  }
  const layout = layoutOf(resolve(dir))
  const start = (): Promise<RunningEngine> => holdServer(layout, idleSeconds).catch(asMemkeepError)
  return Object.freeze({ dir: layout.dir, start })
}
