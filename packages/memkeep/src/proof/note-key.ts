import { fromBase64, toBase64 } from './base64.ts'
import { joined, sameBytes } from './byte-string.ts'
import { toHex } from './hex.ts'
import { proofInvalid } from './proof-invalid.ts'
import type { Sha256 } from './sha256.ts'
import { utf8 } from './utf8.ts'

/** 1: Ed25519 over the note's text. 4: a witness's timestamped cosignature of a checkpoint. */
export type NoteKeyType = 1 | 4

/** A public key with the name it signs notes under (C2SP signed-note). */
export interface NoteKey {
  readonly name: string
  readonly type: NoteKeyType
  /** 4 bytes: which key of that name. No fingerprint. */
  readonly id: Uint8Array
  readonly publicKey: Uint8Array
}

/** True for a name that a note can carry: not empty, no space, no control character, no `+`. */
export function isKeyName(name: string): boolean {
  return /^[^\s\u0000-\u001f\u0085+]+$/u.test(name) && name.isWellFormed()
}

/** Throws `RangeError` for a bad name or key: what a key is called is the program's own doing. */
export function noteKey(sha256: Sha256, name: string, publicKey: Uint8Array, type: NoteKeyType = 1): NoteKey {
  if (!isKeyName(name) || publicKey.length !== 32) throw new RangeError('not a note key')
  const typed = joined(Uint8Array.of(type), publicKey)
  return { name, type, id: sha256(joined(utf8(`${name}\n`), typed)).slice(0, 4), publicKey }
}

/** The verifier key (`vkey`) text: name, key id in hex and the key, with `+` between. */
export function formatNoteKey({ name, type, id, publicKey }: NoteKey): string {
  return `${name}+${toHex(id)}+${toBase64(joined(Uint8Array.of(type), publicKey))}`
}

/** Throws `ERR_PROOF_INVALID` for anything but the text that `formatNoteKey` gives. */
export function parseNoteKey(sha256: Sha256, text: string): NoteKey {
  const parts = /^([^+]+)\+[0-9a-f]{8}\+(.+)$/s.exec(text)
  if (parts === null || !isKeyName(parts[1]!)) throw proofInvalid('not a verifier key')
  const typed = fromBase64(parts[2]!)
  const type = typed[0]
  if (typed.length !== 33 || (type !== 1 && type !== 4)) throw proofInvalid('not an Ed25519 verifier key')
  const key = noteKey(sha256, parts[1]!, typed.subarray(1), type)
  if (formatNoteKey(key) !== text) throw proofInvalid('a verifier key whose id is not that of its key')
  return key
}

export function isSameKey(a: NoteKey, b: NoteKey): boolean {
  return a.name === b.name && a.type === b.type && sameBytes(a.publicKey, b.publicKey)
}
