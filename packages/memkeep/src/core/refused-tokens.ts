/** How the database refuses a scope token: not authentic or not for this doorway, not of this time, its key not installed. */
export type TokenRefusal = 'MK001' | 'MK002' | 'MK003'

export type RefusedTokenCounts = { readonly [refusal in TokenRefusal]: number }

/** The refusal that a driver's error is, or null. */
export function tokenRefusalOf(error: unknown): TokenRefusal | null {
  const code = (error as { readonly code?: unknown } | null)?.code
  return code === 'MK001' || code === 'MK002' || code === 'MK003' ? code : null
}

/**
 * Scope tokens of this process that the database refused. Such a call leaves no audit row, for nobody authentic made it, so
 * it is counted here: with honest keys and clocks every count stays 0.
 */
export class RefusedTokens {
  readonly #counts: Record<TokenRefusal, number> = { MK001: 0, MK002: 0, MK003: 0 }

  /** Counts the error if it is such a refusal. */
  note(error: unknown): void {
    const refusal = tokenRefusalOf(error)
    if (refusal !== null) this.#counts[refusal]++
  }

  counts(): RefusedTokenCounts {
    return Object.freeze({ ...this.#counts })
  }
}
