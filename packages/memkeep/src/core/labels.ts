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

/** A tool and who may speak as it: principals with one of the roles, or with one of the ids. From anybody else it is as one that is not registered. */
export interface RegisteredTool {
  readonly trust: ToolTrust
  readonly roles?: readonly string[]
  readonly principals?: readonly string[]
}

/** Tools whose word counts for more than that of any page or document, by name. A trust alone: whoever may claim the actor `tool` may speak as it. */
export type Tools = { readonly [tool: string]: ToolTrust | RegisteredTool }

/** The ceiling of what an author says; `tool` names the one that spoke, where one did, and `by` is the principal that says so. */
export function ceilingOf(actor: Actor, tool: string | null, tools: Tools, by: Speaker): Trust {
  const registered = actor === 'tool' && tool !== null && Object.hasOwn(tools, tool) ? tools[tool]! : null
  if (registered === null) return trustCeiling[actor]
  if (typeof registered === 'string') return registered
  const { trust, roles = [], principals = [] } = registered
  return principals.includes(by.id) || by.roles.some((role) => roles.includes(role)) ? trust : trustCeiling.tool
}

interface Speaker {
  readonly id: string
  readonly roles: readonly string[]
}

/** A checked, frozen copy. Throws `ERR_INPUT_INVALID` for a name that is no id, a trust that no tool can have, or a tool that is bound to nobody. */
export function checkTools(given: unknown): Tools {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'tools is an object of names and trusts')
  }
  const checked = Object.entries(given).map(([name, tool]) => [
    checkId(name, 'a tool', 'ERR_INPUT_INVALID'),
    typeof tool === 'object' && tool !== null ? checkBound(tool) : checkToolTrust(tool),
  ])
  return Object.freeze(Object.fromEntries(checked))
}

function checkBound({ trust, roles = [], principals = [], ...others }: Partial<RegisteredTool>): RegisteredTool {
  const isList = Array.isArray(roles) && Array.isArray(principals)
  if (!isList || Object.keys(others).length > 0 || roles.length + principals.length === 0) {
    throw new MemkeepError(
      'ERR_INPUT_INVALID',
      'a tool is a trust, or has a trust and roles or principals that may speak as it',
    )
  }
  const ids = (list: readonly unknown[], what: string) =>
    Object.freeze(list.map((id) => checkId(id, what, 'ERR_INPUT_INVALID')))
  return Object.freeze({
    trust: checkToolTrust(trust),
    roles: ids(roles, 'a role of a tool'),
    principals: ids(principals, 'a principal of a tool'),
  })
}

function checkToolTrust(trust: unknown): ToolTrust {
  if (toolTrusts.includes(trust)) return trust as ToolTrust
  throw new MemkeepError('ERR_INPUT_INVALID', `the trust of a tool must be one of: ${toolTrusts.join(', ')}`)
}

const toolTrusts: readonly unknown[] = ['external', 'user', 'agent'] satisfies ToolTrust[]

/** The lower of two trusts. */
export function lowerTrust(a: Trust, b: Trust): Trust {
  return trusts.indexOf(a) <= trusts.indexOf(b) ? a : b
}
