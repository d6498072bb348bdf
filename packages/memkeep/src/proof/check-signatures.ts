import { type Checkpoint, openCheckpoint } from './checkpoint.ts'
import { type Cosigned, readCosignature } from './cosignature.ts'
import type { NoteKey } from './note-key.ts'
import { proofInvalid } from './proof-invalid.ts'
import { isBy } from './signed-note.ts'

/** A checkpoint all of whose signatures were verified. */
export interface CheckedCheckpoint {
  readonly checkpoint: Checkpoint
  /** The signed note, verbatim. */
  readonly source: string
  readonly cosigned: readonly Cosigned[]
}

/**
 * Opens a checkpoint of a bundle, which the log and each of the witnesses must have signed, in that order, and nobody else: stricter
 * than C2SP signed-note, which has unknown lines ignored, so that no byte of a bundle goes unchecked and none can be left out.
 * Throws `ERR_PROOF_INVALID`.
 */
export async function checkSignatures(
  source: string,
  key: NoteKey,
  witnesses: readonly NoteKey[],
): Promise<CheckedCheckpoint> {
  const { checkpoint, note } = await openCheckpoint(source, key)
  const cosigned: Cosigned[] = []
  for (const witness of witnesses) {
    const seen = await readCosignature(note, witness)
    if (seen === null) throw proofInvalid('a witness that bundle.json names did not sign it')
    cosigned.push(seen)
  }
  const known = [key, ...witnesses]
  const order = note.signatures.map((signature) => known.findIndex((each) => isBy(each, signature)))
  if (order.includes(-1)) throw proofInvalid('it has a signature of a key that is not in the bundle')
  if (order.some((at, i) => i > 0 && at <= order[i - 1]!)) throw proofInvalid('its signatures are not in their order')
  return { checkpoint, source, cosigned }
}
