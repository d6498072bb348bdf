import { toBase64 } from './base64.ts'
import { fileBytes } from './bundle-tree.ts'
import { type AnchoredTick, checkHead, checkTick } from './check-anchor.ts'
import { checkOpenings, checkProofs, type OpenedEvent } from './check-events.ts'
import { checkGivenHeads, checkHistory, openGivenHeads } from './check-history.ts'
import { checkKept } from './check-kept.ts'
import { checkPrevious, type PreviousHead } from './check-previous.ts'
import type { CheckedCheckpoint } from './check-signatures.ts'
import type { Cosigned } from './cosignature.ts'
import { decodeHeadProof } from './head-proof.ts'
import { bundleFile, type LedgerBundle } from './ledger-bundle.ts'
import { formatNoteKey, isSameKey } from './note-key.ts'
import { type OpenBundle, openBundle, parseKey, parseKeyFile } from './open-bundle.ts'
import { checking, proofInvalid } from './proof-invalid.ts'
import { sha256 as portableSha256, type Sha256 } from './sha256.ts'
import { textOf } from './utf8.ts'

/** What the auditor brings. Whatever is left out is taken from the bundle, and the report says so. */
export interface VerifyLedgerOptions {
  /** The log's verifier key (vkey), got from elsewhere. */
  readonly key?: string
  /** Signed checkpoints of this log that were seen elsewhere: the bundle must reach them and agree with them. */
  readonly heads?: readonly string[]
  /** Verifier keys of witnesses; each must have cosigned the newest checkpoint, or the deployment's in an anchored bundle. */
  readonly witnesses?: readonly string[]
  /** The verifier key of the deployment's log: the bundle must be anchored in it. */
  readonly deploymentKey?: string
  /** A faster hash than the one in the language alone. */
  readonly sha256?: Sha256
}

/** What was shown. Times are milliseconds since 1970 unless they are said to be others. */
export interface LedgerReport {
  readonly origin: string
  /** The vkey that signed, and whether the auditor brought it. If not, all of this holds for whoever made the bundle. */
  readonly key: string
  readonly keyGiven: boolean
  readonly size: number
  /** Base64. */
  readonly root: string
  /** Entries before it were pruned, and are not in the bundle but for those that the log says were kept: all of them. */
  readonly minIndex: number
  /** The newest time in a leaf; null when no entry is there. */
  readonly newestAt: number | null
  /** Sizes of all checkpoints in the bundle, rising: each signed, each a beginning of the next. */
  readonly checkpoints: readonly number[]
  /** Indices of the proofs that were checked. */
  readonly proofs: readonly number[]
  readonly opened: readonly OpenedEvent[]
  /** What witnesses signed, and how many of this log's first entries that covers. */
  readonly cosigned: readonly (Cosigned & { readonly size: number })[]
  /** Where the deployment's log shows a checkpoint of this one; null for a bundle that is not anchored. */
  readonly anchor: {
    readonly origin: string
    readonly index: number
    readonly size: number
    readonly at: number
  } | null
  /**
   * The head that another log ended with and this one goes on from: a database that was set back was accepted there, and what that
   * log had beyond this head is lost. Null for a tenant's first log.
   */
  readonly previous: PreviousHead | null
}

/**
 * Checks a bundle from its signed checkpoint down to the last byte of each file, offline. Throws `ERR_PROOF_INVALID` with the path
 * and the reason of the first thing that is wrong: a file too many or too few, a wrong signature, tiles that are not the signed
 * tree, an entry that is not in its place, checkpoints of two trees, a head given that is newer, a missing witness.
 * It shows that what is in the log was not changed, dropped or reordered, and not that all that happened was logged.
 */
export async function verifyLedger(bundle: LedgerBundle, options: VerifyLedgerOptions = {}): Promise<LedgerReport> {
  const open = await openBundle(bundle, options.sha256 ?? portableSha256, options.key)
  const heads = await openGivenHeads(open, options.heads ?? [])
  const newestAt = await open.tiles.check(open.head.checkpoint.root)
  const history = await checkHistory(open)
  await checkGivenHeads(open, heads)
  const retained = await checkProofs(open)
  checkKept(open, retained)
  const previous = await checkPrevious(open, retained)
  const opened = await checkOpenings(open, retained)
  const tick = await checkAnchor(open, history, options.deploymentKey)
  const cosigned = [
    ...open.head.cosigned.map((seen) => ({ ...seen, size: open.manifest.size })),
    ...(tick?.cosigned ?? []).map((seen) => ({ ...seen, size: open.manifest.anchor! })),
  ]
  await checkWitnesses(open, cosigned, options.witnesses ?? [])
  const { manifest, head, key } = open
  return {
    origin: manifest.origin,
    key: formatNoteKey(key),
    keyGiven: options.key !== undefined,
    size: manifest.size,
    root: toBase64(head.checkpoint.root),
    minIndex: manifest.minIndex,
    newestAt,
    checkpoints: history.map(({ checkpoint }) => checkpoint.size),
    proofs: manifest.proofs,
    opened,
    cosigned,
    anchor: tick === null ? null : anchorOf(tick, manifest.anchor!),
    previous,
  }
}

async function checkAnchor(
  open: OpenBundle,
  history: readonly CheckedCheckpoint[],
  trusted: string | undefined,
): Promise<AnchoredTick | null> {
  const { bundle, sha256, hash, manifest, witnesses } = open
  const { deploymentKey, deploymentProof, head } = bundleFile
  if (manifest.anchor === null) {
    if (trusted !== undefined) throw proofInvalid("bundle.json: it is not anchored in the deployment's log")
    return null
  }
  const key = await checking(deploymentKey, async () => {
    const found = parseKeyFile(sha256, await fileBytes(bundle, deploymentKey))
    if (trusted !== undefined && !isSameKey(found, parseKey(sha256, trusted, 1))) {
      throw proofInvalid('it is not the key that was given')
    }
    return found
  })
  const tick = await checking(deploymentProof, async () =>
    checkTick(hash, textOf(await fileBytes(bundle, deploymentProof)), key, witnesses),
  )
  const anchored = history.find(({ checkpoint }) => checkpoint.size === manifest.anchor)!
  await checking(head, async () =>
    checkHead(hash, tick.leaf, anchored.checkpoint, decodeHeadProof(await fileBytes(bundle, head))),
  )
  return tick
}

function anchorOf({ checkpoint, leaf }: AnchoredTick, size: number): LedgerReport['anchor'] {
  return { origin: checkpoint.origin, index: leaf.seq, size, at: leaf.at }
}

async function checkWitnesses(
  open: OpenBundle,
  cosigned: readonly Cosigned[],
  trusted: readonly string[],
): Promise<void> {
  for (const [i, text] of trusted.entries()) {
    const key = await checking(`witness ${i + 1} of those given`, () => parseKey(open.sha256, text, 4))
    if (!cosigned.some(({ witness }) => witness === formatNoteKey(key))) {
      throw proofInvalid(`checkpoint: witness ${i + 1} of those given did not cosign it`)
    }
  }
}
