import { MemkeepError } from '../core/errors.ts'
import { type Grant, type GrantClaims, readGrant } from '../core/grant.ts'
import { uuidOrNil } from '../core/ids.ts'
import { checkPrincipal, type Principal } from '../core/principal.ts'
import { checkId } from '../core/text.ts'
import {
  type Credential,
  type CredentialPlace,
  lookupTag,
  newKeySecret,
  openCredential,
  sealCredential,
} from '../keys/credential.ts'
import type { TenantKeys } from '../keys/tenant-keys.ts'
import { callOf, outcomeOf, type PrivilegedKernel, placeOf } from './privileged-kernel.ts'

export interface ApiKeyInput {
  readonly tenant: string
  /** Null: the tenant as a whole. Always said, never a default. */
  readonly subject: string | null
  readonly principal: Principal
  readonly expiresAt?: Date
}

export interface ApiKey extends Omit<Credential, 'maker'> {
  readonly id: string
  readonly createdAt: Date
  readonly expiresAt: Date | null
  /** When it was revoked, or the key that it was minted with. */
  readonly revokedAt: Date | null
  /** To the minute; null when it was never used. */
  readonly usedAt: Date | null
}

/** A key that was found. */
export interface FoundKey extends Credential {
  readonly id: string
  readonly expiresAt: Date | null
  /** What a key that is minted with this one names as its maker. */
  readonly tag: string
}

interface KeyRow extends CredentialPlace {
  readonly outcome: string | null
  readonly claims: Buffer
  readonly created_ms: number
  readonly revoked_ms: number | null
  readonly used_ms: number | null
}

/**
 * API keys: `mk_` and 256 random bits. The secret is shown once; the database holds a keyed tag of it, and what it stands
 * for sealed under the deployment's own key.
 */
export class ApiKeys {
  readonly #kernel: PrivilegedKernel
  readonly #grant: Grant

  constructor(kernel: PrivilegedKernel, grant: Grant) {
    this.#kernel = kernel
    this.#grant = grant
    this.#claims()
  }

  /**
   * Makes a key. Needs the right `keys`. Throws `ERR_TENANT_UNKNOWN` when there is no such tenant, `ERR_SCOPE_BARRED` for
   * one that was erased.
   */
  async create(input: ApiKeyInput): Promise<{ id: string; key: string }> {
    const grant = this.#claims()
    const credential: Credential = {
      tenant: checkId(input.tenant, 'tenant', 'ERR_SCOPE_REQUIRED'),
      subject: input.subject === null ? null : checkId(input.subject, 'subject', 'ERR_SCOPE_REQUIRED'),
      principal: checkPrincipal(input.principal),
      minted: false,
      maker: null,
    }
    const expires_ms = expiryOf(input)
    const keys = await placeOf(this.#kernel, grant, 'keys', credential.tenant)
    const id = this.#kernel.seams.ids.uuid(this.#kernel.seams.clock.now())
    const key = newKeySecret()
    const deployment = await this.#kernel.keyring.deployment()
    const lookup = lookupTag(deployment, key)
    const sealed = await sealCredential(deployment, { id, lookup, tenant: keys.tag, expires_ms }, credential)
    const subject = credential.subject === null ? keys.commonTag : keys.subjectTag(credential.subject)
    const args = [lookup, id, sealed, expires_ms, subject]
    expectDone(await outcomeOf(this.#kernel, { grant, keys, doorway: 'create_key', args }))
    return { id, key }
  }

  /**
   * What a key stands for, or null: unknown, expired and revoked keys look alike, and so does one whose maker is any of these.
   * Needs the right `authenticate`.
   */
  async find(key: string): Promise<FoundKey | null> {
    const grant = this.#claims()
    const keys = await this.#kernel.keyring.deployment()
    const found = await this.#look(grant, keys, lookupTag(keys, key))
    // What is minted mints none, so behind a maker there is no other.
    const ended = typeof found?.maker === 'string' && !(await this.#look(grant, keys, Buffer.from(found.maker, 'hex')))
    return ended ? null : found
  }

  async #look(grant: GrantClaims, keys: TenantKeys, lookup: Buffer): Promise<FoundKey | null> {
    const call = await callOf(this.#kernel, { grant, keys, doorway: 'find_key', args: [], lookup })
    const [row] = await this.#kernel.doorways.read<Omit<KeyRow, 'lookup'>>(call)
    if (row!.outcome === 'missing') return null
    expectDone(row!.outcome)
    return {
      id: row!.id,
      ...(await openCredential(keys, { ...row!, lookup }, row!.claims)),
      expiresAt: dateOf(row!.expires_ms),
      tag: lookup.toString('hex'),
    }
  }

  /** The keys of a tenant, newest first, without their secrets. Needs the right `keys`. */
  async list(tenant: string): Promise<ApiKey[]> {
    const grant = this.#claims()
    const keys = await placeOf(this.#kernel, grant, 'keys', checkId(tenant, 'tenant', 'ERR_SCOPE_REQUIRED'))
    const call = await callOf(this.#kernel, { grant, keys, doorway: 'list_keys', args: [] })
    const rows = await this.#kernel.doorways.read<Omit<KeyRow, 'tenant'>>(call)
    expectDone(rows.find((row) => row.outcome !== null)?.outcome)
    const deployment = await this.#kernel.keyring.deployment()
    const found: ApiKey[] = []
    const listed = rows.filter((each) => each.outcome === null)
    const revokedOf = new Map(listed.map(({ lookup, revoked_ms }) => [lookup.toString('hex'), revoked_ms]))
    for (const row of listed) {
      const { maker, ...credential } = await openCredential(deployment, { ...row, tenant: keys.tag }, row.claims)
      const times = {
        createdAt: new Date(row.created_ms),
        expiresAt: dateOf(row.expires_ms),
        revokedAt: dateOf(row.revoked_ms ?? revokedOf.get(maker ?? '') ?? null),
        usedAt: dateOf(row.used_ms),
      }
      found.push({ id: row.id, ...credential, ...times })
    }
    return found
  }

  /** Revokes a key; false when the tenant has no such key that is not revoked already. Needs the right `keys`. */
  async revoke(tenant: string, id: string): Promise<boolean> {
    const grant = this.#claims()
    const keys = await placeOf(this.#kernel, grant, 'keys', checkId(tenant, 'tenant', 'ERR_SCOPE_REQUIRED'))
    const args = [uuidOrNil(id)]
    const outcome = await outcomeOf(this.#kernel, { grant, keys, doorway: 'revoke_key', args })
    if (outcome === 'missing') return false
    expectDone(outcome)
    return true
  }

  #claims(): GrantClaims {
    this.#kernel.checkOpen()
    return readGrant(this.#grant)
  }
}

function expiryOf({ expiresAt }: ApiKeyInput): number | null {
  if (expiresAt === undefined) return null
  if (!(expiresAt instanceof Date) || !(expiresAt.getTime() > Date.now())) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'expiresAt must be a Date to come')
  }
  return expiresAt.getTime()
}

function dateOf(ms: number | null): Date | null {
  return ms === null ? null : new Date(ms)
}

function expectDone(outcome: string | null | undefined): void {
  if (outcome === 'unknown') throw new MemkeepError('ERR_TENANT_UNKNOWN', 'there is no such tenant')
  if (outcome === 'barred') throw new MemkeepError('ERR_SCOPE_BARRED', 'the tenant was erased')
  if (outcome !== 'ok') throw new MemkeepError('ERR_ACCESS_DENIED', 'the grant does not permit this')
}
