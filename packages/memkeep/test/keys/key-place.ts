import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Clock } from '../../src/core/clock.ts'
import type { KillPoint } from '../../src/core/seams.ts'
import { directoryKeyStore, localKeys } from '../../src/keys/drivers/local.ts'
import type { KeyProvider } from '../../src/keys/key-provider.ts'
import type { KeyStore } from '../../src/keys/key-store.ts'
import { Keyring } from '../../src/keys/keyring.ts'

/** A directory of the running test's own; in memory where the machine has such a place. Removed when the test has ended. */
export function freshDirectory(below = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()): string {
  const directory = mkdtempSync(join(below, 'memkeep-keys-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** A clock that stands still until it is told to move. */
export class HandClock implements Clock {
  nowMs = 1_800_000_000_000
  now(): number {
    return this.nowMs
  }
}

export interface KeyPlace {
  readonly directory: string
  readonly provider: KeyProvider
  readonly store: KeyStore
  readonly clock: HandClock
  /** A new keyring over the same root, store and clock, closed when the test has ended. */
  openRing(changes?: {
    provider?: KeyProvider
    store?: KeyStore
    holdMs?: number
    reach?: (point: KillPoint) => void
  }): Keyring
}

export function keyPlace(directory = freshDirectory()): KeyPlace {
  const provider = localKeys({ file: join(directory, 'root.key') })
  const store = directoryKeyStore({ dir: join(directory, 'store') })
  const clock = new HandClock()
  const openRing = (changes = {}) => {
    const ring = new Keyring({ provider, store, clock, reach: () => {}, ...changes })
    onTestFinished(() => ring.close())
    return ring
  }
  return { directory, provider, store, clock, openRing }
}

/** The code and retryability of the refusal, or `success`: for `expect(await refusalOf(…)).toBe(…)`. */
export async function refusalOf(call: () => unknown): Promise<string> {
  try {
    await call()
    return 'success'
  } catch (error) {
    return (error as { code?: string }).code ?? `another error: ${String(error)}`
  }
}
