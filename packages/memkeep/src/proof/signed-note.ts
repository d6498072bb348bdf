import { fromBase64, toBase64 } from './base64.ts'
import { joined, sameBytes } from './byte-string.ts'
import { type Signer, verifyEd25519 } from './ed25519.ts'
import { isKeyName, type NoteKey } from './note-key.ts'
import { proofInvalid } from './proof-invalid.ts'
import { utf8 } from './utf8.ts'

const dash = '\u2014'
const mostSignatures = 64
const mostCharacters = 1_000_000

/** One signature line. `signature` is what follows the key id: 64 bytes, and a timestamp before them for a cosignature. */
export interface NoteSignature {
  readonly name: string
  readonly id: Uint8Array
  readonly signature: Uint8Array
}

/** A note taken apart. Nothing of it may be believed before a signature of a known key was verified. */
export interface Note {
  /** With its last newline. */
  readonly text: string
  readonly signatures: readonly NoteSignature[]
}

/** Throws `ERR_PROOF_INVALID` for anything but a C2SP signed note with 1 to 64 signatures, none of them twice. */
export function parseNote(source: string): Note {
  if (source.length > mostCharacters) throw proofInvalid('the note is too large')
  if (/[\u0000-\u0009\u000b-\u001f]/.test(source)) throw proofInvalid('the note holds a control character')
  const end = source.lastIndexOf('\n\n')
  if (end < 0) throw proofInvalid('the note has no signatures')
  const lines = source.slice(end + 2).split('\n')
  if (lines.pop() !== '' || lines.length === 0) throw proofInvalid('the note does not end with a signature line')
  if (lines.length > mostSignatures) throw proofInvalid('the note has too many signatures')
  if (new Set(lines).size !== lines.length) throw proofInvalid('the note has a signature twice')
  return { text: source.slice(0, end + 1), signatures: lines.map(parseSignature) }
}

export function formatNote({ text, signatures }: Note): string {
  return `${text}\n${signatures.map(formatSignature).join('')}`
}

/** `— name base64(key id, signature)`, with its newline. */
export function formatSignature({ name, id, signature }: NoteSignature): string {
  return `${dash} ${name} ${toBase64(joined(id, signature))}\n`
}

/** One line without its newline, as in a witness's answer. Throws `ERR_PROOF_INVALID`. */
export function parseSignature(line: string): NoteSignature {
  const parts = line.split(' ')
  const [start, name, encoded] = parts
  if (parts.length !== 3 || start !== dash || !isKeyName(name!)) throw proofInvalid('not a signature line')
  const bytes = fromBase64(encoded!)
  if (bytes.length < 5) throw proofInvalid('a signature is too short')
  return { name: name!, id: bytes.slice(0, 4), signature: bytes.slice(4) }
}

export function isBy(key: NoteKey, signature: NoteSignature): boolean {
  return signature.name === key.name && sameBytes(signature.id, key.id)
}

/** The signature line of `key` (type 1) over the text, which ends with a newline. */
export async function signNote(text: string, key: NoteKey, signer: Signer): Promise<NoteSignature> {
  return { name: key.name, id: key.id, signature: await signer.sign(utf8(text)) }
}

/**
 * Verifies that `key` (type 1) signed the note: there is a line of it, and none is wrong. Lines of other keys are not looked
 * at. Throws `ERR_PROOF_INVALID`.
 */
export async function verifyNote(note: Note, key: NoteKey): Promise<void> {
  if (key.type !== 1) throw proofInvalid('the key is one for cosignatures')
  const own = note.signatures.filter((signature) => isBy(key, signature))
  if (own.length === 0) throw proofInvalid('it is not signed by the key')
  for (const { signature } of own) {
    const good = await verifyEd25519(key.publicKey, utf8(note.text), signature)
    if (!good) throw proofInvalid('its signature is wrong')
  }
}
