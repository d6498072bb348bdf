import { MemkeepError } from '../core/errors.ts'

/** The cause of an `ERR_SEAL_BROKEN` that is about a record of the key store, and not about what was sealed under a key. */
class DamagedKey extends Error {
  /** Name of the record in the key store: tags and numbers, no ids. */
  readonly record: string

  constructor(record: string) {
    super(`record ${record} of the key store`)
    this.record = record
  }
}

export function keyDamaged(record: string): MemkeepError {
  const message = 'a record of the key store is damaged, or is not the one that was put there'
  return new MemkeepError('ERR_SEAL_BROKEN', message, { cause: new DamagedKey(record) })
}

/** Name of the record that does not open; null for every other error. */
export function damagedKeyOf(error: unknown): string | null {
  return error instanceof MemkeepError && error.cause instanceof DamagedKey ? error.cause.record : null
}

/** Has an `ERR_SEAL_BROKEN` say which record it is about: the lowest one, where its parent is fine. */
export async function naming<T>(name: string, open: () => Promise<T>): Promise<T> {
  try {
    return await open()
  } catch (error) {
    const isBroken = error instanceof MemkeepError && error.code === 'ERR_SEAL_BROKEN'
    throw isBroken && damagedKeyOf(error) === null ? keyDamaged(name) : error
  }
}
