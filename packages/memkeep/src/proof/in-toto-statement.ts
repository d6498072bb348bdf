import { fromHex, toHex } from './hex.ts'
import { proofInvalid } from './proof-invalid.ts'
import { textOf, utf8 } from './utf8.ts'

export const inTotoType = 'application/vnd.in-toto+json'
const statementType = 'https://in-toto.io/Statement/v1'

/** What a statement is about, by its SHA-256 (32 bytes). */
export interface StatementSubject {
  readonly name: string
  readonly sha256: Uint8Array
}

/** An in-toto Statement v1: the shell that an attestation's predicate stands in. */
export interface Statement {
  readonly subject: readonly StatementSubject[]
  readonly predicateType: string
  readonly predicate: Readonly<Record<string, unknown>>
}

/** The payload of an envelope of type `inTotoType`. */
export function encodeStatement({ subject, predicateType, predicate }: Statement): Uint8Array {
  const subjects = subject.map(({ name, sha256 }) => ({ name, digest: { sha256: toHex(sha256) } }))
  return utf8(JSON.stringify({ _type: statementType, subject: subjects, predicateType, predicate }))
}

/**
 * Reads a payload whose signature was verified. Throws `ERR_PROOF_INVALID` when it is not a Statement v1 with SHA-256 digests of
 * this predicate type. The predicate is handed back unread.
 */
export function decodeStatement(payload: Uint8Array, predicateType: string): Statement {
  const { _type, subject, predicateType: type, predicate } = jsonObject(textOf(payload))
  if (_type !== statementType) throw proofInvalid('not an in-toto Statement v1')
  if (type !== predicateType) throw proofInvalid('a statement of another kind')
  if (!Array.isArray(subject) || subject.length === 0) throw proofInvalid('a statement about nothing')
  if (!isObject(predicate)) throw proofInvalid('a statement without a predicate')
  return { subject: subject.map(readSubject), predicateType, predicate }
}

function readSubject(value: unknown): StatementSubject {
  const { name, digest } = Object(value) as Record<string, unknown>
  const { sha256 } = Object(digest) as Record<string, unknown>
  if (typeof name !== 'string' || typeof sha256 !== 'string' || sha256.length !== 64) {
    throw proofInvalid('a statement about something without a SHA-256')
  }
  return { name, sha256: fromHex(sha256) }
}

function jsonObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    if (isObject(value)) return value
  } catch {
    // Refused below, as any other JSON that is no object.
  }
  throw proofInvalid('not a JSON object')
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
