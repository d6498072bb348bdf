/**
 * The face that mints. Import it only where callers are authenticated: whoever holds it decides whose data is reached.
 * @module
 */
export { type Grant, type GrantInput, type GrantRight, mintGrant } from './core/grant.ts'
export type { Principal } from './core/principal.ts'
export {
  type CommonScope,
  type CommonScopeInput,
  mintCommonScope,
  mintScope,
  mintTenantScope,
  type SubjectScope,
  type SubjectScopeInput,
  type TenantScope,
  type TenantWideScope,
} from './core/scope.ts'
