import { joined } from './byte-string.ts'
import { isTime } from './decimal.ts'
import { type Signer, verifyEd25519 } from './ed25519.ts'
import { formatNoteKey, type NoteKey } from './note-key.ts'
import { proofInvalid } from './proof-invalid.ts'
import { isBy, type Note, type NoteSignature } from './signed-note.ts'
import { utf8 } from './utf8.ts'

/** A witness that saw a checkpoint, and when: seconds since 1970 by its own clock. */
export interface Cosigned {
  /** The witness's verifier key (vkey): a name alone could be anybody's. */
  readonly witness: string
  readonly at: number
}

/** A witness's signature line over a checkpoint's text (C2SP tlog-cosignature, Ed25519); `key` is of type 4. */
export async function cosign(text: string, key: NoteKey, signer: Signer, at: number): Promise<NoteSignature> {
  const time = new Uint8Array(8)
  new DataView(time.buffer).setBigUint64(0, BigInt(at))
  return { name: key.name, id: key.id, signature: joined(time, await signer.sign(cosigned(text, at))) }
}

/** Null when this witness did not sign the note. Throws `ERR_PROOF_INVALID` when its signature is wrong. */
export async function readCosignature(note: Note, key: NoteKey): Promise<Cosigned | null> {
  const line = note.signatures.find((signature) => isBy(key, signature))
  if (line === undefined) return null
  if (line.signature.length !== 72) throw proofInvalid('a cosignature has not its length')
  const { buffer, byteOffset } = line.signature
  const at = Number(new DataView(buffer, byteOffset).getBigUint64(0))
  if (!isTime(at * 1000)) throw proofInvalid('a cosignature has an impossible time')
  const good = await verifyEd25519(key.publicKey, cosigned(note.text, at), line.signature.subarray(8))
  if (!good) throw proofInvalid("a witness's signature is wrong")
  return { witness: formatNoteKey(key), at }
}

function cosigned(text: string, at: number): Uint8Array {
  return utf8(`cosignature/v1\ntime ${at}\n${text}`)
}
