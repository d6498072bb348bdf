import type { MemkeepErrorCode } from 'memkeep'

/**
 * What is told of an error that no request can bring about: one sentence for each code. Its message is for whoever runs the server (it names files,
 * logins and walls) and goes into the server's own log.
 */
const sentences = Object.freeze({
  ERR_CLOSED: 'the server is closing or closed',
  ERR_STORE_UNAVAILABLE: 'the store cannot be reached now',
  ERR_STORE_UNSAFE: 'the store is not in order',
  ERR_STORE_VERSION: 'the store is of another version',
  ERR_STORE_ROLLED_BACK: 'the store is not in order',
  ERR_KEY_UNAVAILABLE: 'keys cannot be had now',
  ERR_AUDIT_UNAVAILABLE: 'the record of events cannot be written or read now',
  ERR_ERASURE_INCOMPLETE: 'an erasure is not done yet',
  ERR_SCOPE_EXPIRED: 'the request took too long',
  ERR_EMBEDDER: 'the embedder failed',
  ERR_MODEL: 'a model failed',
  ERR_CONNECTOR: 'a source failed',
  ERR_EMBEDDER_MISMATCH: 'the server failed',
  ERR_SCOPE_FORGED: 'the server failed',
  ERR_SEAL_BROKEN: 'the server failed',
  ERR_PROOF_INVALID: 'the server failed',
}) satisfies Partial<Record<MemkeepErrorCode, string>>

/** Codes of what is wrong with the server and not with a request. */
export type FaultCode = keyof typeof sentences

export const isFault = (code: MemkeepErrorCode): code is FaultCode => Object.hasOwn(sentences, code)

export const faultSentence = (code: FaultCode): string => sentences[code]
