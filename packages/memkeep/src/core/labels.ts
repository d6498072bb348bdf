/** Who authored a memory. */
export type Actor = 'user' | 'agent' | 'system' | 'tool'

/** Integrity label, lowest first: `external` < `user` < `agent` < `system`. Computed by the kernel, never by a caller. */
export type Trust = 'external' | 'user' | 'agent' | 'system'

/** Confidentiality label. Which roles may read which is the policy's affair. */
export type Sensitivity = 'public' | 'private' | 'sensitive'

/** Numeric codes as they stand in the clear in the database and in associated data. Never renumber. */
export const actors: readonly Actor[] = Object.freeze(['user', 'agent', 'system', 'tool'] as const)
export const trusts: readonly Trust[] = Object.freeze(['external', 'user', 'agent', 'system'] as const)
export const sensitivities: readonly Sensitivity[] = Object.freeze(['public', 'private', 'sensitive'] as const)

/** The most that a memory may be trusted for its author alone: the table of the integrity model, in this one place. */
export const trustCeiling: Readonly<Record<Actor, Trust>> = Object.freeze({
  user: 'user',
  tool: 'external',
  agent: 'agent',
  system: 'system',
})

/** The lower of two trusts. */
export function lowerTrust(a: Trust, b: Trust): Trust {
  return trusts.indexOf(a) <= trusts.indexOf(b) ? a : b
}
