import { MemkeepError } from './errors.ts'
import { checkId } from './text.ts'

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

/**
 * The most that a memory may be trusted for its author alone: the table of the integrity model, in this one place
 * (docs/integrity.md shows it). What a memory came from, or what its session was shown, can only lower it.
 */
export const trustCeiling: Readonly<Record<Actor, Trust>> = Object.freeze({
  user: 'user',
  tool: 'external',
  agent: 'agent',
  system: 'system',
})

/** What a registered tool may be trusted at the most. One that is not registered is `external`. */
export type ToolTrust = 'external' | 'user' | 'agent'

/** Tools whose word counts for more than that of any page or document: name to trust. */
export type Tools = { readonly [tool: string]: ToolTrust }

/** The ceiling of what an author says; `tool` names the one that spoke, where one did. */
export function ceilingOf(actor: Actor, tool: string | null, tools: Tools): Trust {
  const registered = actor === 'tool' && tool !== null && Object.hasOwn(tools, tool)
  return registered ? tools[tool]! : trustCeiling[actor]
}

/** A checked, frozen copy. Throws `ERR_INPUT_INVALID` for a name that is no id, or a trust that no tool can have. */
export function checkTools(given: unknown): Tools {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'tools is an object of names and trusts')
  }
  for (const [name, trust] of Object.entries(given)) {
    checkId(name, 'a tool', 'ERR_INPUT_INVALID')
    if (!toolTrusts.includes(trust)) {
      throw new MemkeepError('ERR_INPUT_INVALID', `the trust of a tool must be one of: ${toolTrusts.join(', ')}`)
    }
  }
  return Object.freeze({ ...given })
}

const toolTrusts: readonly unknown[] = ['external', 'user', 'agent'] satisfies ToolTrust[]

/** The lower of two trusts. */
export function lowerTrust(a: Trust, b: Trust): Trust {
  return trusts.indexOf(a) <= trusts.indexOf(b) ? a : b
}
