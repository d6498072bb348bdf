import { MemkeepError } from '../core/errors.ts'
import type { Right } from '../core/rights.ts'
import { checkTtlSeconds, type ScopeClaims } from '../core/scope.ts'
import { checkId } from '../core/text.ts'
import { type Credential, lookupTag, newKeySecret, sealCredential } from '../keys/credential.ts'
import { type Access, readDetail, withAccess } from './access.ts'
import { askInVain, checkedOrDenied } from './denied.ts'
import { checkArray, checkKeys } from './input.ts'
import type { Kernel } from './kernel.ts'
import { expectOutcome } from './outcome.ts'

export interface MintInput {
  /** Whom the key is for; null for the tenant as a whole. Always said. A scope of one subject mints for that subject alone. */
  readonly subject: string | null
  /** Some of the principal's own. Default all. */
  readonly roles?: readonly string[]
  /** Some of what the principal was given beyond its roles, without `mint`. Default none. */
  readonly rights?: readonly Right[]
  /** Default 900, at most 86,400. */
  readonly ttlSeconds?: number
  /** `tag` of the API key that asked: the new one ends when that does, and when it is revoked. Default: it ends by itself alone. */
  readonly maker?: string
}

export interface MintedKey {
  readonly id: string
  /** The secret, shown once. */
  readonly key: string
  readonly expiresAt: Date
}

/** A key of the principal's own, for no more than it may do, that ends by itself. Needs the right `mint`; an audited act. */
export async function mintKey(kernel: Kernel, scope: ScopeClaims, given: unknown): Promise<MintedKey> {
  const { credential, ttlSeconds } = await checkedOrDenied(
    kernel,
    scope,
    () => checkMint(scope, given),
    (access) => askInVain(kernel, access, 'mint_key', [null, null, null, null, null]),
  )
  const key = newKeySecret()
  const minted = await withAccess(kernel, scope, (access) => record(kernel, access, credential, key, ttlSeconds))
  return { ...minted, key }
}

function checkMint(scope: ScopeClaims, given: unknown): { credential: Credential; ttlSeconds: number } {
  const asked = checkKeys<MintInput>(given, 'mint options', ['subject', 'roles', 'rights', 'ttlSeconds', 'maker'])
  const { principal, tenant } = scope
  const { roles = principal.roles, rights = [], ttlSeconds = 900, maker = null } = asked
  const subject = asked.subject === null ? null : checkId(asked.subject, 'subject', 'ERR_SCOPE_REQUIRED')
  const within =
    checkArray(roles, 'roles', 64).every((role) => principal.roles.includes(role as string)) &&
    checkArray(rights, 'rights', 64).every((right) => right !== 'mint' && principal.rights.includes(right as Right))
  if (!within || (scope.reach === 'subject' && subject !== scope.subject)) {
    throw new MemkeepError('ERR_ACCESS_DENIED', 'a key can be minted for no more than its maker may do')
  }
  if (maker !== null && !/^[0-9a-f]{32}$/.test(maker)) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'maker must be the tag of an API key')
  }
  if (scope.agent !== null || scope.session !== null) {
    throw new MemkeepError('ERR_ACCESS_DENIED', 'a scope of one agent or session mints no keys')
  }
  const held = { id: principal.id, roles, rights, actors: principal.actors }
  return {
    credential: { tenant, subject, principal: held, minted: true, maker },
    ttlSeconds: checkTtlSeconds(ttlSeconds),
  }
}

async function record(kernel: Kernel, access: Access, credential: Credential, key: string, ttlSeconds: number) {
  const atMs = kernel.seams.clock.now()
  const [id, event] = [kernel.seams.ids.uuid(atMs), kernel.seams.ids.uuid(atMs)]
  const deployment = await kernel.keyring.deployment()
  const lookup = lookupTag(deployment, key)
  const expires_ms = atMs + ttlSeconds * 1000
  const sealed = await sealCredential(deployment, { id, lookup, tenant: access.keys.tag, expires_ms }, credential)
  const subject = credential.subject === null ? access.keys.commonTag : access.keys.subjectTag(credential.subject)
  const args = [lookup, id, subject, sealed, expires_ms, await readDetail(access, event)]
  const rows = await kernel.doorways.call<{ outcome: string }>({
    doorway: 'mint_key',
    claims: access.claims,
    event,
    atMs,
    args,
  })
  if (rows === 'committed') {
    throw new MemkeepError('ERR_STORE_UNAVAILABLE', 'the answer was lost, and the key with it', { retryable: true })
  }
  expectOutcome(rows[0]?.outcome, 'ok')
  return { id, expiresAt: new Date(expires_ms) }
}
