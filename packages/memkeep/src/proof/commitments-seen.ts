import { proofInvalid } from './proof-invalid.ts'

/** Commitments of a log's leaves. Each is under a key of its event's own, so that two equal ones are of one event, logged twice. */
export class CommitmentsSeen {
  /** By their first byte: one set holds sixteen million at most. */
  readonly #seen = new Map<string, Set<string>>()

  /** Throws `ERR_PROOF_INVALID` for one that was added before. `commit` is 32 bytes in hex. */
  add(commit: string): void {
    const first = commit.slice(0, 2)
    const seen = this.#seen.get(first) ?? new Set()
    if (seen.has(commit)) throw proofInvalid('an event stands in the log twice')
    this.#seen.set(first, seen.add(commit))
  }
}
