import { systemClock } from '../core/clock.ts'
import { MemkeepError, type MemkeepErrorCode } from '../core/errors.ts'
import { damagedKeyOf } from './damaged-key.ts'
import { HeldKeys } from './held-keys.ts'
import type { KeyProvider } from './key-provider.ts'
import type { KeyStore } from './key-store.ts'
import { passedPrefix } from './newest-version.ts'
import { WrappedKeys } from './wrapped-keys.ts'

/** What does not open, and what opening it said. */
export interface UnopenedRecord {
  /** The lowest record at fault, where that is known: a key that wraps others, say. */
  readonly record: string
  readonly code: MemkeepErrorCode
}

/** What a whole deployment stands on, and what one tenant does. Keys of subjects are opened as their shelves are. */
const everyones = ['generation/', 'deployment/', 'guard/']
const tenants = ['tenant/']

/**
 * Opens the records of a key store that are not a subject's, and says which do not open; each once. Makes nothing and changes nothing.
 * One that cannot be reached is told as well.
 */
export async function unopenedRecords(
  provider: KeyProvider,
  store: KeyStore,
): Promise<{ readonly ofAll: UnopenedRecord[]; readonly ofTenants: UnopenedRecord[] }> {
  const held = new HeldKeys(systemClock, 60_000)
  const keys = new WrappedKeys(provider, store, held)
  try {
    const ofAll = await unopenedBelow(keys, everyones)
    // Without these not one of the others opens, and none is at fault.
    return { ofAll, ofTenants: ofAll.length > 0 ? [] : await unopenedBelow(keys, tenants) }
  } finally {
    held.close()
  }
}

async function unopenedBelow(keys: WrappedKeys, prefixes: readonly string[]): Promise<UnopenedRecord[]> {
  const found = new Map<string, UnopenedRecord>()
  for (const prefix of prefixes) {
    for (const name of await keys.list(prefix)) {
      try {
        await openRecord(keys, name)
      } catch (error) {
        if (!(error instanceof MemkeepError)) throw error
        const record = damagedKeyOf(error) ?? name
        found.set(record, { record, code: error.code })
      }
    }
  }
  return [...found.values()]
}

async function openRecord(keys: WrappedKeys, name: string): Promise<void> {
  if (name.startsWith(passedPrefix) || /\/erased\/\d+$/.test(name)) await keys.markOf(name)
  else if (name === 'guard/line') await keys.numberOf(name, 'line', 1)
  else if (name.startsWith('guard/witnessed-')) await keys.numberOf(name, 'size', 0)
  else if (name.startsWith('guard/')) await keys.noteOf(name)
  else (await keys.find(name))?.destroy()
}
