import { fromBase64, toBase64 } from './base64.ts'
import type { TreeHead } from './consistency-proof.ts'
import { fromDecimal } from './decimal.ts'
import type { Signer } from './ed25519.ts'
import type { NoteKey } from './note-key.ts'
import { proofInvalid } from './proof-invalid.ts'
import { formatNote, type Note, parseNote, signNote, verifyNote } from './signed-note.ts'

/** What a log says of itself (C2SP tlog-checkpoint). Memkeep writes no extension lines, and refuses them. */
export interface Checkpoint extends TreeHead {
  /** Which log: also the name of the key that signs. */
  readonly origin: string
}

/** The three lines that are signed. */
export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${toBase64(root)}\n`
}

/** Throws `ERR_PROOF_INVALID` for anything but three lines. */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin, size, root, ...rest] = text.split('\n')
  if (rest.length !== 1 || rest[0] !== '' || !origin) throw proofInvalid('not the three lines of a checkpoint')
  const hash = fromBase64(root!)
  if (hash.length !== 32) throw proofInvalid('its root is not 32 bytes')
  return { origin, size: fromDecimal(size!), root: hash }
}

/** The checkpoint as a signed note. The key's name is the origin. */
export async function signCheckpoint(head: TreeHead, key: NoteKey, signer: Signer): Promise<string> {
  const text = formatCheckpoint({ origin: key.name, ...head })
  return formatNote({ text, signatures: [await signNote(text, key, signer)] })
}

/**
 * What the log with this key signed: a note whose origin is the key's name. Throws `ERR_PROOF_INVALID` otherwise. Lines of
 * other keys (witnesses) are handed back unread.
 */
export async function openCheckpoint(source: string, key: NoteKey): Promise<{ checkpoint: Checkpoint; note: Note }> {
  const note = parseNote(source)
  await verifyNote(note, key)
  const checkpoint = parseCheckpoint(note.text)
  if (checkpoint.origin !== key.name) throw proofInvalid('it is of another log')
  return { checkpoint, note }
}
