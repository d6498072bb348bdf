import { attestedName, type ErasurePredicate, erasurePredicate, readPredicate } from './attestation.ts'
import { sameBytes } from './byte-string.ts'
import { openCheckpoint } from './checkpoint.ts'
import { decodeEnvelope, openEnvelope } from './dsse.ts'
import { fromHex } from './hex.ts'
import { decodeStatement, inTotoType } from './in-toto-statement.ts'
import { parseInclusionFile } from './inclusion-file.ts'
import { rootOfInclusion } from './inclusion-proof.ts'
import { leafResource, verifiedOp } from './leaf-resource.ts'
import { decodeLeaf, type LedgerLeaf } from './ledger-leaf.ts'
import { type NoteKey, parseNoteKey } from './note-key.ts'
import { proofInvalid } from './proof-invalid.ts'
import { scopeCommit } from './scope-commit.ts'
import { sha256 as portableSha256, type Sha256 } from './sha256.ts'
import { TreeHash } from './tree-hash.ts'
import { utf8 } from './utf8.ts'

export interface VerifyAttestationOptions {
  /** The verifier key (vkey) of the tenant's log, got from elsewhere. Without it the attestation's own word is taken, and the report says so. */
  readonly key?: string
  /** Whom it should be about: the ids, and the salt that the requester got with the report (hex). */
  readonly scope?: { readonly tenant: string; readonly subject: string | null; readonly salt: string }
  /** A faster hash than the one in the language alone. */
  readonly sha256?: Sha256
}

/** What was shown: that the holder of the key signed this claim, and that the leaf which goes with it is in the log that it signs. */
export interface AttestationReport {
  readonly key: string
  /** False: all of this holds for whoever made the file. */
  readonly keyGiven: boolean
  /** True when the ids were given and are those. */
  readonly scopeShown: boolean
  readonly predicate: ErasurePredicate
  readonly leaf: LedgerLeaf
}

/**
 * Checks an attestation of an erasure offline: its signature, its form, the proof that its `erasure.verified` leaf is in the log that the
 * same key signs and, when the ids are given, whom it is about. It is a signed claim with evidence that can be checked again, no proof that bytes
 * are gone. Throws `ERR_PROOF_INVALID` for the first thing that is wrong.
 */
export async function verifyAttestation(
  attestation: string | Uint8Array,
  options: VerifyAttestationOptions = {},
): Promise<AttestationReport> {
  const { sha256 = portableSha256, scope } = options
  const envelope = decodeEnvelope(typeof attestation === 'string' ? utf8(attestation) : attestation)
  const unverified = readPredicate(decodeStatement(envelope.payload, erasurePredicate).predicate)
  const key = parseNoteKey(sha256, options.key ?? unverified.log.key)
  const payload = await openEnvelope(sha256, envelope, inTotoType, key.publicKey)
  if (envelope.signatures.length !== 1) throw proofInvalid('it has a signature of another key')
  const { subject, predicate: unread } = decodeStatement(payload, erasurePredicate)
  const predicate = readPredicate(unread)
  checkSubject(subject, predicate)
  const leaf = await checkLog(sha256, predicate, key)
  if (scope !== undefined) checkScope(sha256, predicate, scope)
  const { keyGiven, scopeShown } = { keyGiven: options.key !== undefined, scopeShown: scope !== undefined }
  return { key: options.key ?? unverified.log.key, keyGiven, scopeShown, predicate, leaf }
}

function checkSubject(
  subjects: readonly { readonly name: string; readonly sha256: Uint8Array }[],
  { id, scopeCommit }: ErasurePredicate,
): void {
  const [subject] = subjects
  if (
    subjects.length !== 1 ||
    subject!.name !== attestedName(id) ||
    !sameBytes(subject!.sha256, fromHex(scopeCommit))
  ) {
    throw proofInvalid('the statement is not about the erasure that it describes')
  }
}

async function checkLog(sha256: Sha256, { id, log, deletedAt }: ErasurePredicate, key: NoteKey): Promise<LedgerLeaf> {
  const { index, proof, checkpoint: source, extra } = parseInclusionFile(log.proof)
  if (log.origin !== key.name || index !== log.index || extra === null) {
    throw proofInvalid('its proof is of another place in the log')
  }
  const { checkpoint, note } = await openCheckpoint(source, key)
  if (note.signatures.length !== 1) throw proofInvalid('its checkpoint has a signature of another key')
  const hash = new TreeHash(sha256)
  const root = rootOfInclusion(hash, index, checkpoint.size, hash.leaf(extra), proof)
  if (root === null || !sameBytes(root, checkpoint.root)) throw proofInvalid('its leaf is not in the log')
  const leaf = decodeLeaf(extra)
  if (leaf.op !== verifiedOp || leaf.outcome !== 'ok' || leaf.seq !== index) {
    throw proofInvalid('the leaf is not that of a verified erasure')
  }
  if (leaf.resource !== leafResource(verifiedOp, [id])) throw proofInvalid('the leaf is that of another erasure')
  if (leaf.at < Date.parse(deletedAt)) throw proofInvalid('it was verified before it was deleted')
  return leaf
}

function checkScope(
  sha256: Sha256,
  { kind, scopeCommit: stated }: ErasurePredicate,
  { tenant, subject, salt }: NonNullable<VerifyAttestationOptions['scope']>,
): void {
  if ((subject === null) !== (kind === 'tenant')) throw proofInvalid('it is about another kind of scope')
  const own = scopeCommit(sha256, fromHex(salt), { kind, tenant, subject })
  if (!sameBytes(own, fromHex(stated))) throw proofInvalid('it is about somebody else, or the salt is another')
}
