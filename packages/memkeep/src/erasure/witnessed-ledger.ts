import { treeHash } from '../audit/node-sha256.ts'
import { proveWitnessed } from '../audit/prove-witnessed.ts'
import type { Witness } from '../audit/witness.ts'
import { MemkeepError } from '../core/errors.ts'
import { signCheckpoint } from '../proof/checkpoint.ts'
import type { Tile } from '../proof/tile-path.ts'
import { tileWidth } from '../proof/tile-path.ts'
import { TileTree } from '../proof/tile-tree.ts'
import type { ErasureKernel } from './erasure-kernel.ts'
import type { ErasureLedger } from './erasure-ledger.ts'
import { readLines } from './ledger-lines.ts'

/**
 * Has the witness remember the head of the erasure ledger, as that of a log whose leaves are the hashes of the lines: an expired line keeps its hash, so
 * it stays the same leaf. Throws `ERR_STORE_ROLLED_BACK` for a ledger that lacks lines which the witness saw, or has others in their place.
 */
export async function witnessLedger({ ledger, witness, keyring }: ErasureKernel): Promise<void> {
  if (ledger === null || witness === null) return
  const key = await keyring.logKey(await keyring.erasureLedgerTag(), 1)
  await proved(witness, {
    head: async () => {
      const tree = await treeOf(ledger)
      return signCheckpoint({ size: tree.size, root: await tree.root() }, key.noteKey, key)
    },
    consistency: async (oldSize, newSize) => (await treeOf(ledger)).consistency(oldSize, newSize),
  })
}

async function proved(witness: Witness, log: Parameters<typeof proveWitnessed>[1]): Promise<void> {
  try {
    await proveWitnessed(witness, log)
  } catch (cause) {
    if (!(cause instanceof MemkeepError) || cause.code !== 'ERR_STORE_ROLLED_BACK') throw cause
    throw new MemkeepError('ERR_STORE_ROLLED_BACK', 'the erasure ledger was set back behind what its witness saw', {
      cause,
    })
  }
}

async function treeOf(ledger: ErasureLedger): Promise<TileTree> {
  const { hashes } = readLines(await ledger.read())
  const rows: (readonly Uint8Array[])[] = [hashes.map((hash) => treeHash.leaf(Buffer.from(hash, 'hex')))]
  const rowOf = (level: number): readonly Uint8Array[] => {
    const below = rows[level - 1] ?? rowOf(level - 1)
    rows[level] ??= Array.from({ length: Math.floor(below.length / tileWidth) }, (_, tile) =>
      treeHash.perfect(below.slice(tile * tileWidth, (tile + 1) * tileWidth)),
    )
    return rows[level]
  }
  return new TileTree(treeHash, hashes.length, async ({ level, index, width }: Tile) => {
    const row = level === 0 ? rows[0]! : rowOf(Number(level))
    return Buffer.concat(row.slice(index * tileWidth, index * tileWidth + width))
  })
}
