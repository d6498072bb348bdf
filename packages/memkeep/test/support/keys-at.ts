import { join } from 'node:path'
import { directoryKeyStore, localKeys } from '../../src/keys/drivers/local.ts'

/** The keys that lie in a directory. */
export function keysAt(dir: string) {
  return { keyStore: directoryKeyStore({ dir: join(dir, 'store') }), keys: localKeys({ file: join(dir, 'root.key') }) }
}
