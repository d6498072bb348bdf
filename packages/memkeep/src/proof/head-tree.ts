import { joined } from './byte-string.ts'
import { type Checkpoint, formatCheckpoint } from './checkpoint.ts'
import type { HeadProof } from './head-proof.ts'
import { rootOfInclusion } from './inclusion-proof.ts'
import { proofInvalid } from './proof-invalid.ts'
import type { TreeHash } from './tree-hash.ts'
import { utf8 } from './utf8.ts'

/** So that a proof's length says nothing of a deployment with fewer tenants than this. */
const fewestSlots = 256

/**
 * The tree of one tick over all tenants' heads: a power of two of slots, at least 256, the empty ones filled with random
 * hashes. One tenant's proof shows another tenant nothing but the order of magnitude of their number.
 */
export class HeadTree {
  /** From the leaves to the root. */
  readonly #rows: Uint8Array[][] = []

  /** `heads` are `headHash`es, each in its slot, with none where a slot is empty; `filler` gives 32 random bytes each time. */
  constructor(hash: TreeHash, heads: readonly (Uint8Array | undefined)[], filler: () => Uint8Array) {
    let row = Array.from({ length: slotsFor(heads.length) }, (_, slot) => heads[slot] ?? filler())
    for (; row.length > 1; row = pairs(hash, row)) this.#rows.push(row)
    this.#rows.push(row)
  }

  root(): Uint8Array {
    return this.#rows.at(-1)![0]!
  }

  path(slot: number): Uint8Array[] {
    return this.#rows.slice(0, -1).map((row, level) => {
      const at = Math.floor(slot / 2 ** level)
      return row[at % 2 === 0 ? at + 1 : at - 1]!
    })
  }
}

/** The number of slots of a tree over so many heads. */
export function slotsFor(heads: number): number {
  let slots = fewestSlots
  while (slots < heads) slots *= 2
  return slots
}

export function headHash(hash: TreeHash, head: Checkpoint, salt: Uint8Array): Uint8Array {
  if (salt.length !== 32) throw proofInvalid('a salt is not 32 bytes')
  return hash.leaf(joined(salt, utf8(formatCheckpoint(head))))
}

/** The root of the head tree that this proof leads to; null when the slot does not fit the path. */
export function rootOfHead(hash: TreeHash, head: Checkpoint, { slot, salt, path }: HeadProof): Uint8Array | null {
  return rootOfInclusion(hash, slot, 2 ** path.length, headHash(hash, head, salt), path)
}

function pairs(hash: TreeHash, row: readonly Uint8Array[]): Uint8Array[] {
  return Array.from({ length: row.length / 2 }, (_, i) => hash.node(row[2 * i]!, row[2 * i + 1]!))
}
