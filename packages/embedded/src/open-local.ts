import { join, resolve } from 'node:path'
import { type Keep, type KeepOptions, openMemkeep } from 'memkeep'
import { directoryErasureLedger } from 'memkeep/erasure/directory'
import { directoryKeyStore, localKeys } from 'memkeep/keys/local'
import { embedded } from './embedded.ts'

/**
 * A whole deployment below one directory, for a laptop, with keys and data apart: `db/` holds the database, `keys/` the
 * root key and the key store, `erasures/` what was erased, so that a backup that is put back does
 * not bring it back. Copy one of the first two without the other and nothing opens; lose `keys/` and everything is lost.
 */
export async function openLocal(
  dir: string,
  options: Omit<KeepOptions, 'database' | 'keys' | 'keyStore'> = {},
): Promise<Keep> {
  const base = resolve(dir)
  return openMemkeep({
    ...options,
    database: embedded({ dir: join(base, 'db') }),
    keyStore: directoryKeyStore({ dir: join(base, 'keys', 'store') }),
    keys: localKeys({ file: join(base, 'keys', 'root.key') }),
    erasureLedger: options.erasureLedger ?? directoryErasureLedger({ dir: join(base, 'erasures') }),
  })
}
