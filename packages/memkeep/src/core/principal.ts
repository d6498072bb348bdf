import { MemkeepError } from './errors.ts'
import { type Actor, actors } from './labels.ts'
import { grantOnlyRights, type Right, rights } from './rights.ts'
import { checkId } from './text.ts'

/** Who asks. `roles` bring clearance and rights by the policy; `rights` and `actors` add to what the roles bring. */
export interface Principal {
  readonly id: string
  readonly roles: readonly string[]
  readonly rights?: readonly Right[]
  /** Authors this principal may claim beyond its roles'. */
  readonly actors?: readonly Actor[]
}

/** A checked, frozen copy. Throws `ERR_SCOPE_REQUIRED` when there is none, `ERR_INPUT_INVALID` when it breaks a rule. */
export function checkPrincipal(value: unknown): Required<Principal> {
  if (typeof value !== 'object' || value === null) throw new MemkeepError('ERR_SCOPE_REQUIRED', 'principal is required')
  const { id, roles, rights: asked = [], actors: claimed = [] } = value as Partial<Principal>
  return Object.freeze({
    id: checkId(id, 'principal id', 'ERR_SCOPE_REQUIRED'),
    roles: checkList(roles, 'principal roles', (role) => checkId(role, 'role', 'ERR_INPUT_INVALID')),
    rights: checkList(asked, 'principal rights', checkRight),
    actors: checkList(claimed, 'principal actors', checkActor),
  })
}

function checkList<T>(value: unknown, what: string, check: (item: unknown) => T): readonly T[] {
  if (!Array.isArray(value)) throw new MemkeepError('ERR_INPUT_INVALID', `${what} must be an array`)
  if (value.length > 64) throw new MemkeepError('ERR_INPUT_INVALID', `${what} are more than 64`)
  return Object.freeze(Array.from(value, check))
}

function checkRight(value: unknown): Right {
  if (!rights.includes(value as Right)) throw new MemkeepError('ERR_INPUT_INVALID', 'unknown right')
  if (grantOnlyRights.includes(value as Right)) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'this right comes with a grant only')
  }
  return value as Right
}

function checkActor(value: unknown): Actor {
  if (!actors.includes(value as Actor)) throw new MemkeepError('ERR_INPUT_INVALID', 'unknown actor')
  return value as Actor
}
