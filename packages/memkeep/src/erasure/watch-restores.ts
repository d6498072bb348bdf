import { MemkeepError } from '../core/errors.ts'
import type { ErasureKernel } from './erasure-kernel.ts'
import { first, readLines } from './ledger-lines.ts'
import { knownHeads } from './restore-guard.ts'

/**
 * Tells whether the guard would have something to do or to refuse, and changes nothing itself: a database or a key store was put back below a
 * process that serves. The heads that they know only ever go forward.
 */
export class RestoreWatch {
  readonly #kernel: ErasureKernel
  /** The heads that were judged last, and how far each had come in the ledger. */
  #seen: { readonly heads: readonly (string | null)[]; readonly places: readonly number[] } | null = null

  constructor(kernel: ErasureKernel) {
    this.#kernel = kernel
  }

  /** Two look-ups; the ledger is read when a head has moved. Throws `ERR_STORE_ROLLED_BACK`. Leaves no event. */
  async check(): Promise<void> {
    const { ledger } = this.#kernel
    if (ledger === null) return
    const heads = await knownHeads(this.#kernel)
    const seen = this.#seen
    if (seen !== null && heads.every((head, index) => head === seen.heads[index])) return
    const { hashes } = readLines(await ledger.read())
    // What stands before the first line is place 0; -1 is a line that is not there.
    const places = heads.map((head) => (head === null || head === first ? 0 : hashes.indexOf(head) + 1 || -1))
    if (places.includes(-1))
      throw rolledBack('the erasure ledger lacks a line that the database or the key store knows')
    if (seen !== null && places.some((place, index) => place < seen.places[index]!)) {
      throw rolledBack('the database or the key store was put back: the keep must be opened again')
    }
    this.#seen = { heads, places }
  }
}

function rolledBack(message: string): MemkeepError {
  return new MemkeepError('ERR_STORE_ROLLED_BACK', message)
}
