import { fromBase64, toBase64 } from './base64.ts'
import { joined } from './byte-string.ts'
import { readCanonical } from './canonical-json.ts'
import { ed25519Spki, type Signer, verifyEd25519 } from './ed25519.ts'
import { toHex } from './hex.ts'
import { proofInvalid } from './proof-invalid.ts'
import type { Sha256 } from './sha256.ts'
import { utf8 } from './utf8.ts'

/** A signed payload (DSSE v1.0.2). The payload is bytes: it is verified first and read afterwards, never the other way round. */
export interface DsseEnvelope {
  readonly payload: Uint8Array
  readonly payloadType: string
  readonly signatures: readonly { readonly keyid: string; readonly sig: Uint8Array }[]
}

/** What is signed: the pre-authentication encoding. */
export function preAuthentication(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = utf8(payloadType)
  return joined(utf8(`DSSEv1 ${type.length} `), type, utf8(` ${payload.length} `), payload)
}

/** SHA-256 of the key's DER, in hex, as `openssl pkey -pubin -outform DER | sha256sum` prints it. A hint, nothing more. */
export function dsseKeyId(sha256: Sha256, publicKey: Uint8Array): string {
  return toHex(sha256(ed25519Spki(publicKey)))
}

export async function signEnvelope(
  sha256: Sha256,
  payloadType: string,
  payload: Uint8Array,
  signers: readonly Signer[],
): Promise<DsseEnvelope> {
  const message = preAuthentication(payloadType, payload)
  const signatures: DsseEnvelope['signatures'][number][] = []
  for (const signer of signers) {
    signatures.push({ keyid: dsseKeyId(sha256, signer.publicKey), sig: await signer.sign(message) })
  }
  return { payload, payloadType, signatures }
}

/**
 * The payload that this key signed. Throws `ERR_PROOF_INVALID` when the type is another, the key did not sign, or a line with
 * its key id is wrong. Signatures of other keys are not looked at.
 */
export async function openEnvelope(
  sha256: Sha256,
  envelope: DsseEnvelope,
  payloadType: string,
  publicKey: Uint8Array,
): Promise<Uint8Array> {
  if (envelope.payloadType !== payloadType) throw proofInvalid('the envelope is of another type')
  const message = preAuthentication(envelope.payloadType, envelope.payload)
  const keyid = dsseKeyId(sha256, publicKey)
  const own = envelope.signatures.filter((signature) => signature.keyid === keyid)
  if (own.length === 0) throw proofInvalid('the envelope is not signed by the key')
  for (const { sig } of own) {
    if (!(await verifyEd25519(publicKey, message, sig))) throw proofInvalid("the envelope's signature is wrong")
  }
  return envelope.payload
}

/** JSON in one form, with a newline. */
export function encodeEnvelope(envelope: DsseEnvelope): Uint8Array {
  return utf8(write(envelope))
}

/** Throws `ERR_PROOF_INVALID` for any bytes that `encodeEnvelope` does not give: an envelope of Memkeep's has one form. */
export function decodeEnvelope(bytes: Uint8Array): DsseEnvelope {
  return readCanonical(bytes, read, write)
}

function write({ payload, payloadType, signatures }: DsseEnvelope): string {
  const lines = signatures.map(({ keyid, sig }) => ({ keyid, sig: toBase64(sig) }))
  return `${JSON.stringify({ payload: toBase64(payload), payloadType, signatures: lines })}\n`
}

function read({ payload, payloadType, signatures }: Readonly<Record<string, unknown>>): DsseEnvelope {
  if (typeof payload !== 'string' || typeof payloadType !== 'string' || !Array.isArray(signatures)) {
    throw proofInvalid('not a DSSE envelope')
  }
  return { payload: fromBase64(payload), payloadType, signatures: signatures.map(readSignature) }
}

function readSignature(signature: unknown): DsseEnvelope['signatures'][number] {
  const { keyid, sig } = Object(signature) as Record<string, unknown>
  if (typeof keyid !== 'string' || typeof sig !== 'string') throw proofInvalid('not a DSSE signature')
  return { keyid, sig: fromBase64(sig) }
}
