import { MemkeepError } from '../core/errors.ts'
import { type Checkpoint, openCheckpoint } from '../proof/checkpoint.ts'
import { formatNoteKey, type NoteKey } from '../proof/note-key.ts'

/** The head of a log as the database has it. */
export interface SaidHead {
  /** The key (vkey) that the log was begun with. */
  readonly vkey: string
  /** Signed note. */
  readonly note: string
}

/**
 * What a head says, once it was held against the log's key as it is known outside the database. Throws `ERR_KEY_UNAVAILABLE` when the log is
 * another key's, and `ERR_PROOF_INVALID` when its key did not sign the head.
 */
export async function expectSigned(
  { vkey, note }: SaidHead,
  { noteKey }: { readonly noteKey: NoteKey },
): Promise<Checkpoint> {
  if (vkey !== formatNoteKey(noteKey)) throw otherKey()
  return (await openCheckpoint(note, noteKey)).checkpoint
}

export function otherKey(): MemkeepError {
  const what = 'the log was signed with another key: restore the key store, or find out who changed the database'
  return new MemkeepError('ERR_KEY_UNAVAILABLE', what)
}
