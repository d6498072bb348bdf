import { MemkeepError } from '../core/errors.ts'
import { sameBytes } from '../proof/byte-string.ts'
import { formatInclusionFile } from '../proof/inclusion-file.ts'
import { rootOfInclusion } from '../proof/inclusion-proof.ts'
import type { NoteKey } from '../proof/note-key.ts'
import type { Tile } from '../proof/tile-path.ts'
import { TileTree } from '../proof/tile-tree.ts'
import { expectSigned } from './expect-signed.ts'
import { treeHash } from './node-sha256.ts'

/** A row that doorway `prove_event` brings. */
export interface ProofRow {
  readonly part: number
  readonly outcome: string | null
  readonly line: number
  readonly size: number
  readonly seq: number
  readonly entry: Buffer | null
  readonly note: string
  readonly vkey: string
  readonly level: number
  readonly index: number
  readonly hashes: Buffer | null
}

/** That one event is in its tenant's log: all that is needed to check it offline. */
export interface InclusionOf {
  /** The log's name, and its public key. */
  readonly origin: string
  readonly vkey: string
  /** Which of the tenant's logs it is, from 1. */
  readonly line: number
  readonly index: number
  readonly size: number
  /** The leaf: one line of JSON. */
  readonly entry: Uint8Array
  readonly proof: readonly Uint8Array[]
  /** The signed checkpoint. */
  readonly checkpoint: string
  /** All of it as one file (C2SP tlog-proof@v1) with the leaf as its extra line. */
  readonly file: string
}

/**
 * What a call of `prove_event` answered, but for the outcome's meaning: null when the event has no place in the log yet. `keyOf` gives the key of
 * the tenant's log of a line, as it is known outside the database. Throws what `expectSigned` does, and `ERR_PROOF_INVALID` when the head
 * does not cover the event.
 */
export async function readProof(
  rows: readonly ProofRow[],
  keyOf: (line: number) => Promise<{ readonly noteKey: NoteKey }>,
): Promise<InclusionOf | null> {
  const head = rows.find((row) => row.part === 0)!
  if (head.outcome !== 'ok') return null
  const { line, size, seq: index, note: checkpoint, vkey, entry } = head
  if (entry === null) throw new MemkeepError('ERR_PROOF_INVALID', 'the leaf was pruned: it is in the cold tier')
  const proof = await new TileTree(treeHash, size, tileIn(rows)).inclusion(index)
  const { origin, root } = await expectSigned({ vkey, note: checkpoint }, await keyOf(line))
  const found = rootOfInclusion(treeHash, index, size, treeHash.leaf(entry), proof)
  if (found === null || !sameBytes(found, root)) {
    throw new MemkeepError('ERR_PROOF_INVALID', 'the log in the database is not the one that was signed')
  }
  const file = formatInclusionFile({ index, proof, checkpoint, extra: entry })
  return { origin, vkey, line, index, size, entry, proof, checkpoint, file }
}

function tileIn(rows: readonly ProofRow[]): (tile: Tile) => Promise<Uint8Array> {
  const tiles = new Map(rows.filter((row) => row.part === 1).map((row) => [`${row.level}/${row.index}`, row.hashes]))
  return async ({ level, index }) => tiles.get(`${level}/${index}`) ?? new Uint8Array(0)
}
