import { MemkeepError } from '../core/errors.ts'
import { sameBytes } from '../proof/byte-string.ts'
import { CheckedLeaves } from '../proof/checked-leaves.ts'
import { openCheckpoint } from '../proof/checkpoint.ts'
import type { NoteKey } from '../proof/note-key.ts'
import { proofInvalid } from '../proof/proof-invalid.ts'
import type { Tile } from '../proof/tile-path.ts'
import { treeHash } from './node-sha256.ts'

/** A row that shows where leaves stand: the signed head of a log (part 1), or one of its tiles (part 2). */
export interface PlaceRow {
  readonly part: number
  readonly line: number
  readonly size: number
  /** Signed note. */
  readonly note: string
  readonly level: number
  readonly index: number
  /** Null: the log has no such tile. */
  readonly hashes: Buffer | null
}

/** Where leaves of one tenant's logs stand, as heads say that the logs' own keys signed. */
export class PlacedLeaves {
  readonly #rows: readonly PlaceRow[]
  readonly #keyOf: (line: number) => Promise<NoteKey>
  readonly #lines = new Map<number, Promise<CheckedLeaves>>()

  /** `keyOf` gives the key of the log of a line, as it is known outside the database. */
  constructor(rows: readonly PlaceRow[], keyOf: (line: number) => Promise<NoteKey>) {
    this.#rows = rows
    this.#keyOf = keyOf
  }

  /** Whether this is the leaf at a place of a log. What the key store throws is thrown. */
  async holds(line: number, seq: number, entry: Uint8Array): Promise<boolean> {
    try {
      const known = this.#lines.get(line) ?? this.#open(line)
      this.#lines.set(line, known)
      return sameBytes(await (await known).hashOf(seq), treeHash.leaf(entry))
    } catch (error) {
      if (error instanceof MemkeepError && error.code === 'ERR_PROOF_INVALID') return false
      throw error
    }
  }

  async #open(line: number): Promise<CheckedLeaves> {
    const rows = this.#rows.filter((row) => row.line === line)
    const head = rows.find(({ part }) => part === 1)
    if (head === undefined) throw proofInvalid('the database has no head of the log')
    const { checkpoint } = await openCheckpoint(head.note, await this.#keyOf(line))
    const tiles = new Map(rows.filter(({ part }) => part === 2).map((row) => [nameOf(row), row.hashes]))
    return new CheckedLeaves(treeHash, checkpoint, async (tile) => tiles.get(nameOf(tile)) ?? new Uint8Array(0))
  }
}

const nameOf = ({ level, index }: Pick<Tile, 'level' | 'index'>): string => `${level}/${index}`
