/** One thing that is not as it must be. */
export interface Finding {
  /** Stable and kebab-case. */
  readonly code: string
  readonly message: string
  /** What to do about it. */
  readonly remedy: string
  /** True when Memkeep must not work with this database as it stands. */
  readonly fatal: boolean
}

export function fatal(code: string, message: string, remedy: string): Finding {
  return { code, message, remedy, fatal: true }
}

export function note(code: string, message: string, remedy: string): Finding {
  return { code, message, remedy, fatal: false }
}

/** The first few names. */
export function some(names: readonly string[]): string {
  const more = names.length - 4
  return more > 1 ? `${names.slice(0, 4).join(', ')} and ${more} more` : names.join(', ')
}
