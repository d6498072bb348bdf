import { MemkeepError } from '../core/errors.ts'

/**
 * Where wrapped keys live: apart from the memory database and its backups. Losing it is losing everything. Every write is
 * durable when its promise resolves, and what one process wrote every other reads. Try a driver with `testKeyStore`.
 */
export interface KeyStore {
  /** The record, or null when there is none. */
  get(name: string): Promise<Buffer | null>
  /** Of any number of concurrent calls exactly one gets true; false: something stood there and was left as it is. */
  putIfAbsent(name: string, record: Uint8Array): Promise<boolean>
  /** Puts the record whether or not one stood there; a reader sees the old one or the new one, whole. */
  replace(name: string, record: Uint8Array): Promise<void>
  /** False when there was none. */
  delete(name: string): Promise<boolean>
  /** Every name that starts with `prefix`, sorted. The prefix is empty or ends in `/`. */
  list(prefix: string): Promise<string[]>
  /** Absolute path, when it is a directory: it may not lie below the database's. Compare real paths. */
  readonly dir?: string
}

const nameForm = /^[a-z0-9-]+(\/[a-z0-9-]+)*$/

/** Throws `ERR_INPUT_INVALID` unless `name` is an ASCII path of `[a-z0-9-]` parts of at most 200 characters in all. */
export function checkKeyName(name: string): void {
  if (name.length > 200 || !nameForm.test(name)) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'the name of a key record is malformed')
  }
}

/** Throws `ERR_INPUT_INVALID` unless `prefix` is empty or a name and a slash. */
export function checkKeyPrefix(prefix: string): void {
  if (prefix === '') return
  if (!prefix.endsWith('/')) throw new MemkeepError('ERR_INPUT_INVALID', 'the prefix of key records ends in a slash')
  checkKeyName(prefix.slice(0, -1))
}
