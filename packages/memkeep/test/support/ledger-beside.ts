import { join } from 'node:path'
import { directoryErasureLedger } from '../../src/erasure/drivers/directory-erasure-ledger.ts'
import type { ErasureLedger } from '../../src/index.ts'
import type { TestKeep } from './test-keep.ts'

/** The erasure ledger beside a store's keys; before the store has a place for these it has no erasures either. */
export function ledgerBeside(store: () => TestKeep | undefined): ErasureLedger {
  const at = () => directoryErasureLedger({ dir: join(store()!.keyDir, 'ledger') })
  return {
    put: (place, line) => at().put(place, line),
    replace: (place, line) => at().replace(place, line),
    read: async () => (store() === undefined ? [] : at().read()),
  }
}
