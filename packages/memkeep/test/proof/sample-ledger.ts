import { createHmac } from 'node:crypto'
import { signCheckpoint } from '../../src/proof/checkpoint.ts'
import { commitment, type Opening } from '../../src/proof/commitment.ts'
import { cosign } from '../../src/proof/cosignature.ts'
import { encodeDeploymentLeaf } from '../../src/proof/deployment-leaf.ts'
import { HeadTree, headHash } from '../../src/proof/head-tree.ts'
import { formatInclusionFile } from '../../src/proof/inclusion-file.ts'
import type { LedgerBundle } from '../../src/proof/ledger-bundle.ts'
import { encodeLeaf, type LedgerLeaf } from '../../src/proof/ledger-leaf.ts'
import { lineLeaf } from '../../src/proof/line-leaf.ts'
import { formatNoteKey, type NoteKey, noteKey } from '../../src/proof/note-key.ts'
import { keptDigest, pruneOp, pruneResource } from '../../src/proof/prune-event.ts'
import { formatSignature, parseNote } from '../../src/proof/signed-note.ts'
import { type LedgerAnchor, writeBundle } from '../../src/proof/write-bundle.ts'
import { nodeSha256 } from './node-sha256.ts'
import { testSigner } from './test-signer.ts'
import { nodeHash, TiledLog } from './tiled-log.ts'

export const origin = 'memkeep.example/log/7f3a'
export const logKey = noteKey(nodeSha256, origin, testSigner('log').publicKey)
export const witnessKey = noteKey(nodeSha256, 'witness.example', testSigner('witness').publicKey, 4)
export const deploymentKey = noteKey(nodeSha256, 'memkeep.example/deployment', testSigner('deployment').publicKey)

/** What the auditor of the sample got from elsewhere. */
export const trusted = {
  key: formatNoteKey(logKey),
  witnesses: [formatNoteKey(witnessKey)],
  deploymentKey: formatNoteKey(deploymentKey),
}

export interface SampleOptions {
  /** Sizes of the checkpoints; the last is the log's. */
  readonly sizes?: readonly number[]
  readonly minIndex?: number
  readonly proofs?: readonly number[]
  readonly opened?: readonly number[]
  /** Says otherwise what stands at an index: the same log, forked there. */
  readonly fork?: number
  /** A leaf that says it stands one place later. */
  readonly misplaced?: number
  /** What the anchoring tick says of its index. */
  readonly tickSeq?: number
  /** An index whose event is logged once more, at the end. */
  readonly twice?: number
  /** The word that the log's key follows from. */
  readonly signedBy?: string
  /** An index whose leaf says that `minIndex` entries were pruned; null for none. */
  readonly prune?: number | null
  /** Which of them it says were kept, and of which log it says so; default those with a proof, and this one. */
  readonly kept?: readonly number[]
  readonly prunedLog?: string
  readonly anchored?: boolean
  /** The log goes on from another one. */
  readonly goesOn?: boolean
}

/** A bundle of events that a keeper wrote, as its files. */
export async function sampleBundle(options: SampleOptions = {}): Promise<Map<string, Uint8Array>> {
  const { sizes = [100, 256, 300, 600], minIndex = 0, proofs = [255, 256, 599], opened = [256, 257] } = options
  const { prune = 590, anchored = true, goesOn = false } = options
  const kept = options.kept ?? proofs.filter((index) => index < minIndex)
  const digest = keptDigest(nodeSha256, options.prunedLog ?? origin, 0, minIndex, kept)
  const pruned = pruneResource({ minIndex, kept: digest })
  const former = await sampleFormer()
  const word = options.signedBy ?? 'log'
  const key = noteKey(nodeSha256, origin, testSigner(word).publicKey)
  const leafAt = (index: number): LedgerLeaf => {
    if (goesOn && index === 0) return lineLeaf(nodeSha256, former.head, former.checkpoint, former.made)
    const leaf = sampleLeaf(index, options.fork, prune === index ? pruned : null, opened.includes(index))
    if (options.twice !== undefined && index === sizes.at(-1)! - 1) return { ...leafAt(options.twice), seq: index }
    return options.misplaced === index ? { ...leaf, seq: index + 1 } : leaf
  }
  const log = new TiledLog()
  const entries: Uint8Array[] = []
  const checkpoints = new Map<number, string>()
  for (const size of sizes) {
    while (entries.length < size) {
      entries.push(encodeLeaf(leafAt(entries.length)))
      log.append(entries.at(-1)!)
    }
    const source = await signCheckpoint({ size, root: log.appender.root() }, key, testSigner(word))
    const line = await cosign(parseNote(source).text, witnessKey, testSigner('witness'), 1_763_800_000 + size)
    checkpoints.set(size, source + formatSignature(line))
  }
  const tree = log.tree()
  const size = sizes.at(-1)!
  const bundle = new Map<string, Uint8Array>()
  const files = writeBundle({
    hash: nodeHash,
    key,
    witnesses: [witnessKey],
    checkpoints,
    minIndex,
    tile: (tile) => log.tile(tile),
    entries: async (start, end) => entries.slice(start, end),
    proofs,
    openings: opened.map(sampleOpening),
    anchor: anchored ? await sampleAnchor(key, size, await tree.root(), options.tickSeq ?? 2) : null,
    previous: goesOn ? former : null,
  })
  for await (const { path, bytes } of files) bundle.set(path, bytes)
  return bundle
}

/** The log that another one goes on from: its key and its last head. */
async function sampleFormer() {
  const key = noteKey(nodeSha256, 'memkeep.example/log/0c11', testSigner('former').publicKey)
  const head = { origin: key.name, size: 77, root: nodeSha256(Buffer.from('former')) }
  const checkpoint = await signCheckpoint(head, key, testSigner('former'))
  const made = { at: 1_763_700_000_000, by: 'ff'.repeat(16), actorClass: 'upkeep' } as const
  return { key, head, checkpoint, made }
}

function sampleLeaf(index: number, fork: number | undefined, pruned: string | null, committed: boolean): LedgerLeaf {
  return {
    v: 1,
    seq: index,
    at: 1_763_700_000_000 + index,
    op: pruned === null ? (index % 3 === 0 ? 'write' : 'read') : pruneOp,
    actorClass: 'agent',
    principalTag: '00112233445566778899aabbccddeeff',
    resource: pruned === null ? `memories#${index % 7}` : pruned,
    outcome: fork === index ? 'denied' : 'ok',
    commit: committed
      ? commitment(nodeSha256, sampleOpening(index).parts)
      : createHmac('sha256', 'audit').update(`${index}`).digest('hex'),
  }
}

/** The details of an event in two parts, of which the second stays shut. */
function sampleOpening(index: number): Opening {
  const key = (part: number): Buffer => createHmac('sha256', 'audit').update(`${index}/${part}`).digest()
  const details = Buffer.from(JSON.stringify({ ids: [`${index}`] }))
  const commit = createHmac('sha256', key(1)).update(details).digest()
  return { index, parts: [{ key: key(0), details }, { commit }] }
}

async function sampleAnchor(key: NoteKey, size: number, root: Uint8Array, tickSeq: number): Promise<LedgerAnchor> {
  const head = { origin: key.name, size, root }
  const salt = nodeSha256(Buffer.from('salt'))
  const heads = new HeadTree(nodeHash, [salt, headHash(nodeHash, head, salt)], () => nodeSha256(salt))
  const log = new TiledLog()
  const ticks = [0, 1, tickSeq].map((seq) =>
    encodeDeploymentLeaf({ v: 1, seq, at: 1_763_800_000_000 + seq, heads: Buffer.from(heads.root()).toString('hex') }),
  )
  for (const tick of ticks) log.append(tick)
  const signed = await signCheckpoint({ size: 3, root: log.appender.root() }, deploymentKey, testSigner('deployment'))
  const line = await cosign(parseNote(signed).text, witnessKey, testSigner('witness'), 1_763_800_001)
  const proof = formatInclusionFile({
    index: 2,
    proof: await log.tree().inclusion(2),
    checkpoint: signed + formatSignature(line),
    extra: ticks[2]!,
  })
  return { key: deploymentKey, proof, head: { slot: 1, salt, path: heads.path(1) }, size }
}

/** A directory that is a map from paths to bytes. */
export function bundleOf(files: ReadonlyMap<string, Uint8Array>): LedgerBundle {
  return {
    list: async () => [...files.keys()],
    read: async (path) => files.get(path) ?? null,
  }
}
