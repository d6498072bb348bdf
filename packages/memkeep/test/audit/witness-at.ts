import { generateKeyPairSync } from 'node:crypto'
import { httpWitness } from '../../src/audit/drivers/http-witness.ts'
import type { Witness } from '../../src/audit/witness.ts'
import { formatNoteKey, noteKey, parseNoteKey } from '../../src/proof/note-key.ts'
import { sha256 } from '../../src/proof/sha256.ts'
import { WitnessServer } from './stand-ins/witness-server.ts'

const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32)
const key = noteKey(sha256, 'witness.example/w', raw, 4)

/** The verifier key of the witness below. */
export const witnessVkey = formatNoteKey(key)

/** A witness over HTTP that was told the keys of these logs, and keeps its heads in a file. */
export async function witnessAt(
  file: string,
  vkeys: readonly string[],
): Promise<{ witness: Witness; close: () => Promise<void> }> {
  const known = vkeys.map((vkey) => {
    const log = parseNoteKey(sha256, vkey)
    return { origin: log.name, keyId: Buffer.from(log.id), publicKey: Buffer.from(log.publicKey) }
  })
  const server = await new WitnessServer(
    known,
    { name: key.name, keyId: Buffer.from(key.id), privateKey },
    file,
  ).listen()
  const witness = httpWitness({ url: server.address, key: witnessVkey })
  return { witness, close: () => server[Symbol.asyncDispose]() }
}
