import { MemkeepError } from '../core/errors.ts'
import { readCosignature } from '../proof/cosignature.ts'
import { parseNoteKey } from '../proof/note-key.ts'
import { sha256 } from '../proof/sha256.ts'
import { formatSignature, isBy, parseNote, parseSignature } from '../proof/signed-note.ts'
import { readHead, type Witness } from './witness.ts'

/** A log as the database has it now: each call reads it anew. */
export interface WitnessedLog {
  /** Its newest signed head; one of size 0 when it has none. */
  head(): Promise<string>
  /** RFC 6962 consistency proof between two of its sizes. */
  consistency(oldSize: number, newSize: number): Promise<readonly Uint8Array[]>
}

/** A head that the witness remembers from now on, with its signature line when it signs. */
export interface SeenHead {
  readonly size: number
  readonly checkpoint: string
  readonly cosignatures: string
}

/**
 * Has the witness agree to the newest head of the log, which proves that the database goes on from everything that the witness
 * saw. `oldSize` is what it certainly saw, as the caller remembers. Throws `ERR_STORE_ROLLED_BACK` when the witness remembers
 * a head that the database's log does not contain; `ERR_STORE_UNSAFE` when it does not know this log; `ERR_STORE_UNAVAILABLE`
 * when it cannot be asked, does not sign what it says it saw, or has forgotten what it saw.
 */
export async function proveWitnessed(witness: Witness, log: WitnessedLog, oldSize = 0): Promise<SeenHead> {
  let old = oldSize
  for (let attempt = 1; attempt <= 8; attempt++) {
    const checkpoint = await log.head()
    const { size } = readHead(checkpoint)
    // What others have shown meanwhile stood in the database before: a log that is shorter now was set back.
    if (old > size) throw rolledBack(`the witness saw ${old} entries of the log, and the database has ${size}`)
    const answer = await witness.add({ oldSize: old, proof: await log.consistency(old, size), checkpoint })
    if (answer.outcome === 'seen') {
      return { size, checkpoint, cosignatures: await signedBy(witness, checkpoint, answer.cosignatures) }
    }
    if (answer.outcome === 'unknown') {
      throw new MemkeepError('ERR_STORE_UNSAFE', 'the witness does not know this log: tell it the key of the log')
    }
    if (answer.outcome === 'inconsistent' || (answer.size === old && old === size)) {
      throw rolledBack(`the database's log is another one than the witness saw ${old} entries of`)
    }
    if (answer.size < oldSize) throw forgotten(oldSize, answer.size)
    old = answer.size
  }
  throw new MemkeepError('ERR_STORE_UNAVAILABLE', 'the witness is being shown other heads all the time', {
    retryable: true,
  })
}

/** It proves nothing any more: whoever set the database back could have taken its memory away too. */
function forgotten(saw: number, remembers: number): MemkeepError {
  const what = `the witness saw ${saw} entries of the log, and remembers ${remembers}`
  return new MemkeepError('ERR_STORE_UNAVAILABLE', `${what}: bring back what it remembered`)
}

export function rolledBack(what: string): MemkeepError {
  return new MemkeepError('ERR_STORE_ROLLED_BACK', `the database was set back: ${what}`)
}

/** The signature line of this witness that was read, of those that it answered with: a second one would be nobody's word. */
async function signedBy(witness: Witness, checkpoint: string, lines: string): Promise<string> {
  if (witness.key === undefined) return ''
  const key = parseNoteKey(sha256, witness.key)
  const signatures = lines.split('\n').filter((line) => line !== '')
  try {
    const own = signatures.map(parseSignature).find((signature) => isBy(key, signature))
    if (own !== undefined) {
      await readCosignature({ text: parseNote(checkpoint).text, signatures: [own] }, key)
      return formatSignature(own)
    }
  } catch (cause) {
    throw new MemkeepError('ERR_STORE_UNAVAILABLE', "the witness's signature is wrong", { cause })
  }
  throw new MemkeepError('ERR_STORE_UNAVAILABLE', 'the witness did not sign what it says that it saw')
}
