import { MemkeepError } from '../core/errors.ts'
import { type Actor, actors, type Sensitivity, sensitivities } from '../core/labels.ts'
import type { Principal } from '../core/principal.ts'
import { grantOnlyRights, type Right, rights, rightsMask } from '../core/rights.ts'
import { checkId } from '../core/text.ts'

/** What a role brings. Whatever is not listed is denied. */
export interface RolePolicy {
  /** Sensitivities that the role may read. */
  readonly reads: readonly Sensitivity[]
  /** Sensitivities that the role may write: up to `sensitive` even when it cannot read it back (write up). */
  readonly writes: readonly Sensitivity[]
  readonly rights: readonly Right[]
  /** Authors that the role may claim. */
  readonly actors: readonly Actor[]
}

/** Role to what it brings. A role that is not named brings nothing. */
export type Policy = { readonly [role: string]: RolePolicy }

/** The policy of a deployment that configures none. */
export const defaultPolicy: Policy = freezePolicy({
  agent: {
    reads: ['public', 'private'],
    writes: ['public', 'private', 'sensitive'],
    rights: ['read', 'write', 'delete'],
    actors: ['user', 'agent', 'tool'],
  },
  admin: {
    reads: ['public', 'private', 'sensitive'],
    writes: ['public', 'private', 'sensitive'],
    rights: rights.filter((right) => !grantOnlyRights.includes(right)),
    actors: ['user', 'agent', 'tool'],
  },
  export: { reads: ['public'], writes: [], rights: ['read', 'export'], actors: [] },
})

/** A principal's powers under a policy, as the bit masks of the scope token. */
export interface Powers {
  readonly clearance: number
  readonly writable: number
  readonly actors: number
  readonly rights: number
}

/** The one place where roles become powers. Default deny: unknown roles bring nothing. */
export function powersOf(principal: Required<Principal>, policy: Policy): Powers {
  const held = principal.roles.filter((role) => Object.hasOwn(policy, role)).map((role) => policy[role]!)
  return {
    clearance: mask(
      held.flatMap((role) => role.reads),
      sensitivities,
    ),
    writable: mask(
      held.flatMap((role) => role.writes),
      sensitivities,
    ),
    actors: mask([...held.flatMap((role) => role.actors), ...principal.actors], actors),
    rights: rightsMask([...held.flatMap((role) => role.rights), ...principal.rights]),
  }
}

function mask<T>(held: readonly T[], all: readonly T[]): number {
  return held.reduce((bits, item) => bits | (1 << all.indexOf(item)), 0)
}

/** A checked, frozen copy of a policy from outside. Throws `ERR_INPUT_INVALID`, naming the field that is wrong. */
export function checkPolicy(value: unknown): Policy {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'a policy is an object of roles')
  }
  const entries = Object.entries(value)
  if (entries.length > 64) throw new MemkeepError('ERR_INPUT_INVALID', 'a policy has at most 64 roles')
  return freezePolicy(
    Object.fromEntries(
      entries.map(([role, brings]) => [checkId(role, 'role', 'ERR_INPUT_INVALID'), checkRole(brings)]),
    ),
  )
}

function checkRole(value: unknown): RolePolicy {
  if (typeof value !== 'object' || value === null) throw new MemkeepError('ERR_INPUT_INVALID', 'a role is an object')
  for (const key of Object.keys(value)) {
    if (!['reads', 'writes', 'rights', 'actors'].includes(key)) {
      throw new MemkeepError('ERR_INPUT_INVALID', 'a role has only reads, writes, rights and actors')
    }
  }
  const role = value as Partial<RolePolicy>
  return {
    reads: checkItems(role.reads, 'reads', sensitivities),
    writes: checkItems(role.writes, 'writes', sensitivities),
    rights: checkItems(
      role.rights,
      'rights',
      rights.filter((right) => !grantOnlyRights.includes(right)),
    ),
    actors: checkItems(role.actors, 'actors', actors),
  }
}

function checkItems<T>(value: readonly T[] | undefined, what: string, allowed: readonly T[]): readonly T[] {
  if (!Array.isArray(value) || !value.every((item) => allowed.includes(item))) {
    throw new MemkeepError('ERR_INPUT_INVALID', `${what} must be a list of: ${allowed.join(', ')}`)
  }
  return [...new Set(value)]
}

function freezePolicy(policy: Policy): Policy {
  for (const role of Object.values(policy)) {
    for (const list of Object.values(role)) Object.freeze(list)
    Object.freeze(role)
  }
  return Object.freeze(policy)
}
