import { type BundleManifest, encodeManifest } from './bundle-manifest.ts'
import { bundleReadme } from './bundle-readme.ts'
import { encodeOpening, type Opening } from './commitment.ts'
import { formatConsistencyFile } from './consistency-file.ts'
import { encodeEntries } from './entry-bundle.ts'
import { encodeHeadProof, type HeadProof } from './head-proof.ts'
import { formatInclusionFile, parseInclusionFile } from './inclusion-file.ts'
import { bundleFile, checkpointFile, consistencyFile, openingFile, proofFile } from './ledger-bundle.ts'
import { formatNoteKey, type NoteKey } from './note-key.ts'
import { keyFile } from './open-bundle.ts'
import { publicKeyPem } from './public-key-pem.ts'
import { formatNote, isBy, parseNote } from './signed-note.ts'
import { bundlesOf, tilePath, tilesOf, tileWidth } from './tile-path.ts'
import { type TileReader, TileTree } from './tile-tree.ts'
import type { TreeHash } from './tree-hash.ts'
import { utf8 } from './utf8.ts'

/** A log, as its keeper can read it. What it says is written, not checked: verify the bundle afterwards. */
export interface LedgerSource {
  readonly hash: TreeHash
  readonly key: NoteKey
  /** Witnesses that signed the anchor's checkpoint, or the head where there is no anchor; lines of other keys are left out. */
  readonly witnesses: readonly NoteKey[]
  /** Signed checkpoints by size, rising; the last one is the head of the bundle. */
  readonly checkpoints: ReadonlyMap<number, string>
  /** Entries before it are left out; a multiple of 256. */
  readonly minIndex: number
  /** Tiles for the size of the head. For a proof before `minIndex` also those that the bundle leaves out. */
  readonly tile: TileReader
  /** The entries from `start` up to and without `end`. */
  readonly entries: (start: number, end: number) => Promise<readonly Uint8Array[]>
  /** Leaves to write a proof file for, rising. */
  readonly proofs: readonly number[]
  /** By index, rising. */
  readonly openings: readonly Opening[]
  readonly anchor: LedgerAnchor | null
  /** The log that this one goes on from, with its last head as a signed note; null for none. */
  readonly previous: { readonly key: NoteKey; readonly checkpoint: string } | null
}

/** That the deployment's log committed to one of the checkpoints. */
export interface LedgerAnchor {
  readonly key: NoteKey
  /** A tlog-proof of the tick, with the leaf as its extra line. */
  readonly proof: string
  readonly head: HeadProof
  /** Of the checkpoint that the tick commits to. */
  readonly size: number
}

/** One file of a bundle. */
export interface BundleFile {
  readonly path: string
  readonly bytes: Uint8Array
}

/** Every file of the bundle, one after another: no more than one tile's entries are held. */
export async function* writeBundle(source: LedgerSource): AsyncGenerator<BundleFile> {
  const { key, anchor, previous } = source
  const newest = Math.max(...source.checkpoints.keys())
  const signersOf = (size: number) => (anchor === null && size === newest ? [key, ...source.witnesses] : [key])
  const checkpoints = [...source.checkpoints].map(([size, text]) => ({ size, text: signedBy(text, signersOf(size)) }))
  const head = checkpoints.at(-1)
  if (head === undefined) throw new RangeError('a bundle has a checkpoint')
  const manifest: BundleManifest = {
    origin: key.name,
    size: head.size,
    minIndex: source.minIndex,
    checkpoints: checkpoints.slice(0, -1).map(({ size }) => size),
    proofs: source.proofs,
    openings: source.openings.map(({ index }) => index),
    witnesses: source.witnesses.map(formatNoteKey),
    anchor: anchor === null ? null : anchor.size,
    previous: previous === null ? null : formatNoteKey(previous.key),
  }
  yield { path: bundleFile.manifest, bytes: encodeManifest(manifest) }
  yield text(bundleFile.readme, bundleReadme(manifest, key))
  yield text(bundleFile.key, keyFile(key))
  yield text(bundleFile.pem, publicKeyPem(key.publicKey))
  yield text(bundleFile.checkpoint, head.text)
  if (anchor !== null) yield* anchorFiles(anchor, source.witnesses)
  if (previous !== null) yield text(bundleFile.previous, previous.checkpoint)
  const tree = new TileTree(source.hash, head.size, source.tile)
  for (const [i, newer] of checkpoints.entries()) {
    if (i === 0) continue
    const older = checkpoints[i - 1]!
    yield text(checkpointFile(older.size), older.text)
    const proof = await tree.consistency(older.size, newer.size)
    const file = formatConsistencyFile({ oldSize: older.size, proof, checkpoint: newer.text })
    yield text(consistencyFile(older.size, newer.size), file)
  }
  yield* eventFiles(source, tree, head.text)
  for (const tile of tilesOf(head.size, source.minIndex)) yield { path: tilePath(tile), bytes: await source.tile(tile) }
  for (const tile of bundlesOf(head.size, source.minIndex)) {
    const start = tile.index * tileWidth
    yield { path: tilePath(tile), bytes: encodeEntries(await source.entries(start, start + tile.width)) }
  }
}

async function* eventFiles(source: LedgerSource, tree: TileTree, checkpoint: string): AsyncGenerator<BundleFile> {
  for (const index of source.proofs) {
    const proof = await tree.inclusion(index)
    const [extra] = await source.entries(index, index + 1)
    yield text(proofFile(index), formatInclusionFile({ index, proof, checkpoint, extra: extra! }))
  }
  for (const opening of source.openings) yield { path: openingFile(opening.index), bytes: encodeOpening(opening) }
}

function* anchorFiles({ key, proof, head }: LedgerAnchor, witnesses: readonly NoteKey[]): Generator<BundleFile> {
  const file = parseInclusionFile(proof)
  const checkpoint = signedBy(file.checkpoint, [key, ...witnesses])
  yield text(bundleFile.deploymentKey, keyFile(key))
  yield text(bundleFile.deploymentProof, formatInclusionFile({ ...file, checkpoint }))
  yield { path: bundleFile.head, bytes: encodeHeadProof(head) }
}

/** The note with the signatures of these keys alone, in the order of the keys. */
function signedBy(source: string, keys: readonly NoteKey[]): string {
  const note = parseNote(source)
  const signatures = keys.flatMap((key) => note.signatures.filter((line) => isBy(key, line)))
  return formatNote({ text: note.text, signatures })
}

function text(path: string, content: string): BundleFile {
  return { path, bytes: utf8(content) }
}
