import { fromBase64, toBase64 } from './base64.ts'
import { sameBytes } from './byte-string.ts'
import { type Checkpoint, openCheckpoint } from './checkpoint.ts'
import { type ColdEvent, checkColdEvent, saysTheSame } from './cold-event.ts'
import { isIndex } from './decimal.ts'
import { decodeLeaf } from './ledger-leaf.ts'
import { parseNoteKey } from './note-key.ts'
import { proofInvalid } from './proof-invalid.ts'
import { type RangeProof, rootOfRange } from './range-proof.ts'
import { readOps } from './read-ops.ts'
import { sha256 as portableSha256, type Sha256 } from './sha256.ts'
import { TreeHash } from './tree-hash.ts'
import { utf8 } from './utf8.ts'

/** The first line of a cold file: which run of which log it holds, and what shows that the log had it. */
export interface ColdHead {
  /** The log's verifier key. */
  readonly vkey: string
  /** The first leaf, and the one after the last. */
  readonly from: number
  readonly to: number
  /** A signed checkpoint of the log that reaches beyond them. */
  readonly checkpoint: string
  readonly proof: RangeProof
}

/** One line for each leaf, in their order. `event` stands with reads alone: the others' rows stay where they are. */
export interface ColdLine {
  readonly entry: Uint8Array
  readonly event: ColdEvent | null
}

export function formatColdHead({ vkey, from, to, checkpoint, proof }: ColdHead): string {
  const [left, right] = [proof.left.map(toBase64), proof.right.map(toBase64)]
  return JSON.stringify({ v: 1, vkey, from, to, checkpoint, left, right })
}

export function formatColdLine({ entry, event }: ColdLine): string {
  return JSON.stringify({ entry: toBase64(entry), ...(event === null ? {} : { event }) })
}

/** What a cold file was shown to hold. */
export interface ColdReport {
  readonly origin: string
  /** The vkey that signed, and whether it was given. If not, all of this holds for whoever made the file. */
  readonly key: string
  readonly keyGiven: boolean
  /** The first leaf, and the one after the last. */
  readonly from: number
  readonly to: number
  /** Of the checkpoint that it was checked against. */
  readonly size: number
  /** Reads whose rows it holds. */
  readonly events: number
}

export interface VerifyColdFileOptions {
  /** The log's verifier key (vkey), got from elsewhere. Without one the file's own is believed: whoever made the file has it. */
  readonly key?: string
  /** A faster hash than the one in the language alone. */
  readonly sha256?: Sha256
}

/**
 * Checks a cold file, line by line (decompressed, without their newlines): its leaves are a run of the log that the key signed, each
 * read among them has its event, once, and each event says what its leaf says. Whoever has the tenant's keys can tell more: what a leaf
 * commits to. Throws `ERR_PROOF_INVALID`.
 */
export async function verifyColdFile(
  lines: AsyncIterable<string> | Iterable<string>,
  { key, sha256 = portableSha256 }: VerifyColdFileOptions = {},
): Promise<ColdReport> {
  const hash = new TreeHash(sha256)
  let head: { readonly cold: ColdHead; readonly checkpoint: Checkpoint } | null = null
  const leaves: Uint8Array[] = []
  const ids = new Set<string>()
  for await (const line of lines) {
    if (head === null) {
      head = await openHead(sha256, line, key)
      continue
    }
    if (leaves.length === head.cold.to - head.cold.from) throw proofInvalid('a cold file with too many lines')
    const { entry, event } = parseLine(line)
    const leaf = decodeLeaf(entry)
    if (leaf.seq !== head.cold.from + leaves.length) throw proofInvalid('a leaf does not stand in its place')
    if ((event !== null) !== readOps.has(leaf.op))
      throw proofInvalid('a read without its event, or an event of what is no read')
    if (event !== null) {
      if (!saysTheSame(leaf, event)) throw proofInvalid('an event says other than its leaf')
      if (ids.has(event.id)) throw proofInvalid('an event stands in it twice')
      ids.add(event.id)
    }
    leaves.push(hash.leaf(entry))
  }
  if (head === null) throw proofInvalid('a cold file without its first line')
  const { cold, checkpoint } = head
  if (leaves.length !== cold.to - cold.from) throw proofInvalid('a cold file with too few lines')
  const root = rootOfRange(hash, cold.from, checkpoint.size, leaves, cold.proof)
  if (root === null || !sameBytes(root, checkpoint.root)) throw proofInvalid('its leaves are not in the signed log')
  const { from, to, vkey } = cold
  const { origin, size } = checkpoint
  return { origin, key: vkey, keyGiven: key !== undefined, from, to, size, events: ids.size }
}

async function openHead(sha256: Sha256, line: string, key: string | undefined) {
  const cold = parseHead(line)
  if (key !== undefined && key !== cold.vkey) throw proofInvalid('it is of another key than was given')
  const { checkpoint } = await openCheckpoint(cold.checkpoint, parseNoteKey(sha256, cold.vkey))
  return { cold, checkpoint }
}

function parseHead(line: string): ColdHead {
  const { v, vkey, from, to, checkpoint, left, right } = record(line)
  const texts = [vkey, checkpoint].every((text) => typeof text === 'string')
  if (
    v !== 1 ||
    !texts ||
    !isIndex(from) ||
    !isIndex(to) ||
    to < from ||
    !Array.isArray(left) ||
    !Array.isArray(right)
  ) {
    throw proofInvalid('not the first line of a cold file')
  }
  const hashes = (of: unknown[]) => of.map((text) => hash32(String(text)))
  const proof = { left: hashes(left), right: hashes(right) }
  const head = { vkey: vkey as string, from, to, checkpoint: checkpoint as string, proof }
  if (formatColdHead(head) !== line) throw proofInvalid('not the one form of what it says')
  return head
}

function hash32(text: string): Uint8Array {
  const bytes = fromBase64(text)
  if (bytes.length !== 32) throw proofInvalid('a hash is not 32 bytes')
  return bytes
}

function parseLine(line: string): ColdLine {
  const { entry, event = null } = record(line)
  if (typeof entry !== 'string' || typeof event !== 'object') throw proofInvalid('not a line of a cold file')
  const read = { entry: fromBase64(entry), event: event === null ? null : checkColdEvent(event) }
  if (formatColdLine(read) !== line) throw proofInvalid('not the one form of what it says')
  return read
}

function record(line: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {}
  throw proofInvalid('not a line of JSON')
}

export const coldLines = (bytes: Uint8Array): string[] => {
  const lines = new TextDecoder('utf-8', { fatal: true }).decode(bytes).split('\n')
  if (lines.pop() !== '') throw proofInvalid('a cold file whose last line is torn')
  return lines
}

export const coldBytes = (lines: readonly string[]): Uint8Array => utf8(lines.map((line) => `${line}\n`).join(''))
