import { randomBytes } from 'node:crypto'
import { MemkeepError } from '../core/errors.ts'
import { type Grant, type GrantClaims, readGrant } from '../core/grant.ts'
import { isUuid } from '../core/ids.ts'
import { checkPrincipal, type Principal } from '../core/principal.ts'
import { checkId } from '../core/text.ts'
import type { TenantKeys } from '../keys/tenant-keys.ts'
import { grantClaims, grantDetail, type PrivilegedKernel } from './privileged-kernel.ts'

/** What an API key stands for: one tenant, and one subject of it or (subject null) the tenant as a whole. */
export interface Credential {
  readonly tenant: string
  readonly subject: string | null
  readonly principal: Required<Principal>
}

export interface ApiKeyInput {
  readonly tenant: string
  /** Null: the tenant as a whole. Always said, never a default. */
  readonly subject: string | null
  readonly principal: Principal
  readonly expiresAt?: Date
}

export interface ApiKey extends Credential {
  readonly id: string
  readonly createdAt: Date
  readonly expiresAt: Date | null
  readonly revokedAt: Date | null
}

interface KeyRow {
  readonly outcome: string | null
  readonly id: string
  readonly claims: Buffer
  readonly created_ms: number
  readonly expires_ms: number | null
  readonly revoked_ms: number | null
}

/** Stands for every id that cannot be one of ours: it is looked for as any other, and is not there. */
const nilUuid = '00000000-0000-0000-0000-000000000000'

const secretForm = /^mk_[A-Za-z0-9_-]{43}$/

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

  /** Makes a key. Needs the right `keys`. Throws `ERR_TENANT_UNKNOWN` when there is no such tenant. */
  async create(input: ApiKeyInput): Promise<{ id: string; key: string }> {
    const grant = this.#claims()
    const credential: Credential = {
      tenant: checkId(input.tenant, 'tenant', 'ERR_SCOPE_REQUIRED'),
      subject: input.subject === null ? null : checkId(input.subject, 'subject', 'ERR_SCOPE_REQUIRED'),
      principal: checkPrincipal(input.principal),
    }
    const keys = await this.#kernel.keyring.tenant(credential.tenant)
    const id = this.#kernel.seams.ids.uuid(this.#kernel.seams.clock.now())
    const key = `mk_${randomBytes(32).toString('base64url')}`
    const rows = await this.#kernel.doorways.call<{ outcome: string }>({
      doorway: 'create_key',
      claims: grantClaims(grant, keys),
      args: [
        await this.#lookup(key),
        id,
        await this.#seal(id, credential),
        expiryOf(input),
        await grantDetail(grant, keys),
      ],
    })
    if (rows !== 'committed') expectDone(rows[0]!.outcome)
    return { id, key }
  }

  /** What a key stands for, or null: unknown, expired and revoked keys look alike. Needs the right `authenticate`. */
  async find(key: string): Promise<(Credential & { readonly id: string; readonly expiresAt: Date | null }) | null> {
    const grant = this.#claims()
    const deployment = await this.#kernel.keyring.deployment()
    const lookup = await this.#lookup(secretForm.test(key) ? key : '')
    const [row] = await this.#kernel.doorways.read<KeyRow>({
      doorway: 'find_key',
      claims: grantClaims(grant, deployment),
      args: [lookup, await grantDetail(grant, deployment)],
    })
    if (row!.outcome === 'missing') return null
    expectDone(row!.outcome)
    return { id: row!.id, ...(await this.#open(row!)), expiresAt: dateOf(row!.expires_ms) }
  }

  /** The keys of a tenant, newest first, without their secrets. Needs the right `keys`. */
  async list(tenant: string): Promise<ApiKey[]> {
    const grant = this.#claims()
    const keys = await this.#tenantKeys(tenant)
    const rows = await this.#kernel.doorways.read<KeyRow>({
      doorway: 'list_keys',
      claims: grantClaims(grant, keys),
      args: [await grantDetail(grant, keys)],
    })
    expectDone(rows.find((row) => row.outcome !== null)?.outcome)
    const found: ApiKey[] = []
    for (const row of rows.filter((each) => each.outcome === null)) {
      const times = {
        createdAt: new Date(row.created_ms),
        expiresAt: dateOf(row.expires_ms),
        revokedAt: dateOf(row.revoked_ms),
      }
      found.push({ id: row.id, ...(await this.#open(row)), ...times })
    }
    return found
  }

  /** Revokes a key; false when the tenant has no such key that is not revoked already. Needs the right `keys`. */
  async revoke(tenant: string, id: string): Promise<boolean> {
    const grant = this.#claims()
    const keys = await this.#tenantKeys(tenant)
    const known = isUuid(id) ? id : nilUuid
    const rows = await this.#kernel.doorways.call<{ outcome: string }>({
      doorway: 'revoke_key',
      claims: grantClaims(grant, keys),
      args: [known, await grantDetail(grant, keys)],
    })
    if (rows === 'committed') return true
    if (rows[0]!.outcome === 'missing') return false
    expectDone(rows[0]!.outcome)
    return true
  }

  async #tenantKeys(tenant: string): Promise<TenantKeys> {
    return this.#kernel.keyring.tenant(checkId(tenant, 'tenant', 'ERR_SCOPE_REQUIRED'))
  }

  async #lookup(key: string): Promise<Buffer> {
    return (await this.#kernel.keyring.deployment()).keyedTag('api-key', key)
  }

  async #seal(id: string, credential: Credential): Promise<Buffer> {
    const key = await (await this.#kernel.keyring.deployment()).own()
    return key.seal('credential', Buffer.from(JSON.stringify(credential), 'utf8'), ['api_key', id])
  }

  async #open(row: KeyRow): Promise<Credential> {
    const key = await (await this.#kernel.keyring.deployment()).own()
    const { tenant, subject, principal } = JSON.parse(
      key.open('credential', row.claims, ['api_key', row.id]).toString('utf8'),
    )
    return { tenant, subject, principal: checkPrincipal(principal) }
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
  if (outcome !== 'ok') throw new MemkeepError('ERR_ACCESS_DENIED', 'the grant does not permit this')
}
