import { readCanonical } from './canonical-json.ts'
import { isIndex } from './decimal.ts'
import { proofInvalid } from './proof-invalid.ts'
import { tileWidth } from './tile-path.ts'
import { utf8 } from './utf8.ts'

/** Narrower than a note's key name: it stands in the README's shell commands. */
const originForm = /^[A-Za-z0-9][A-Za-z0-9._~:/-]{0,199}$/
/** A log's verifier key, as narrow. */
const keyForm = /^[A-Za-z0-9][A-Za-z0-9._~:/-]{0,199}\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}$/
const format = 'memkeep-ledger-bundle@v1'

/** `bundle.json`: what is in a bundle. Everything it says is held against the signed checkpoint or the files. */
export interface BundleManifest {
  /** The log's name: its checkpoints' first line, and its key's name. Up to 200 of `A-Za-z0-9._~:/-`. */
  readonly origin: string
  /** Leaves in the log, as the newest checkpoint says. */
  readonly size: number
  /** Entries before it were pruned; a multiple of 256, so that tiles are kept or left out whole. */
  readonly minIndex: number
  /** Sizes of the older checkpoints that are in the bundle, rising: each at least `minIndex`, over 0 and less than `size`. */
  readonly checkpoints: readonly number[]
  /** Leaves with a proof file, rising. Those before `minIndex` are entries that outlived the pruning. */
  readonly proofs: readonly number[]
  /** Leaves whose details are opened, rising; each is in the bundle. */
  readonly openings: readonly number[]
  /** Keys (vkey, type 4) of the witnesses, each once. All of them signed what the anchor stands in, or the head where there is no anchor. */
  readonly witnesses: readonly string[]
  /** The checkpoint whose place in the deployment's log is shown, by its size; null for none. */
  readonly anchor: number | null
  /** The key (vkey) of the log that this one goes on from, whose head is in the bundle; null for none. */
  readonly previous: string | null
}

/** JSON in one form, with a newline. Throws `ERR_PROOF_INVALID` for a manifest that contradicts itself. */
export function encodeManifest(manifest: BundleManifest): Uint8Array {
  return utf8(write(checked(manifest)))
}

/** Throws `ERR_PROOF_INVALID` for any bytes that `encodeManifest` does not give. */
export function decodeManifest(bytes: Uint8Array): BundleManifest {
  return readCanonical(
    bytes,
    (value) => {
      if (value.format !== format) throw proofInvalid('not a ledger bundle of a version known here')
      return checked(value as Partial<BundleManifest>)
    },
    write,
  )
}

function write({ previous, ...manifest }: BundleManifest): string {
  const { origin, size, minIndex, checkpoints, proofs, openings, witnesses, anchor } = manifest
  const fields = { format, origin, size, minIndex, checkpoints, proofs, openings, witnesses, anchor }
  // Most logs are the first of their tenant: their bundles say nothing of it.
  return `${JSON.stringify(previous === null ? fields : { ...fields, previous }, null, 1)}\n`
}

function checked(manifest: Partial<BundleManifest>): BundleManifest {
  const { origin, size, minIndex, checkpoints, proofs, openings, witnesses, anchor, previous = null } = manifest
  if (typeof origin !== 'string' || !originForm.test(origin)) throw proofInvalid('its origin is no name of a log')
  if (!isIndex(size) || !isIndex(minIndex)) throw proofInvalid('its size or minimum index is no whole number')
  if (minIndex > size || minIndex % tileWidth !== 0) throw proofInvalid('its minimum index is impossible')
  if (!isRising(checkpoints, Math.max(minIndex, 1), size)) throw proofInvalid('its list of checkpoints is impossible')
  if (!isRising(proofs, 0, size)) throw proofInvalid('its list of proofs is impossible')
  const shown = new Set(proofs)
  if (!isRising(openings, 0, size) || openings.some((index) => index < minIndex && !shown.has(index))) {
    throw proofInvalid('its list of openings is impossible')
  }
  if (!isTextSet(witnesses)) throw proofInvalid('its list of witnesses is impossible')
  if (anchor !== null && !(isIndex(anchor) && (anchor === size || checkpoints.includes(anchor)))) {
    throw proofInvalid('its anchor is impossible')
  }
  if (previous !== null && !(typeof previous === 'string' && keyForm.test(previous)))
    throw proofInvalid('its former log is impossible')
  return { origin, size, minIndex, checkpoints, proofs, openings, witnesses, anchor, previous }
}

/** Whole numbers from `least` up to and without `end`, each greater than the one before. */
function isRising(list: unknown, least: number, end: number): list is readonly number[] {
  if (!Array.isArray(list)) return false
  return list.every((value, i) => isIndex(value) && value >= least && value < end && (i === 0 || value > list[i - 1]))
}

function isTextSet(list: unknown): list is readonly string[] {
  return Array.isArray(list) && list.every((text) => typeof text === 'string') && new Set(list).size === list.length
}
