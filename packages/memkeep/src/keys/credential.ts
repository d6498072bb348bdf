import { randomBytes } from 'node:crypto'
import { checkPrincipal, type Principal } from '../core/principal.ts'
import type { TenantKeys } from './tenant-keys.ts'

/** What an API key stands for: one tenant, and one subject of it or (subject null) the tenant as a whole. */
export interface Credential {
  readonly tenant: string
  readonly subject: string | null
  readonly principal: Required<Principal>
  /** True for a key that a principal made for itself (`mintKey`): it makes no others. */
  readonly minted: boolean
  /** The tag, in hex, of the key that it was minted with, whose end is its own too; null where no key stands behind it. */
  readonly maker: string | null
}

/** Where a sealed credential stands: it opens in this row alone. */
export interface CredentialPlace {
  readonly id: string
  /** Tag of the secret. */
  readonly lookup: Buffer
  /** Tag of the tenant. */
  readonly tenant: Buffer
  readonly expires_ms: number | null
}

const secretForm = /^mk_[A-Za-z0-9_-]{43}$/

/** A new secret: `mk_` and 256 random bits. */
export function newKeySecret(): string {
  return `mk_${randomBytes(32).toString('base64url')}`
}

/** The tag that a secret is looked up by; text that is no secret is looked for as any other, and is not there. */
export function lookupTag(deployment: TenantKeys, secret: string): Buffer {
  return deployment.keyedTag('api-key', secretForm.test(secret) ? secret : '')
}

/** Seals what a key stands for under the deployment's own key. */
export async function sealCredential(
  deployment: TenantKeys,
  place: CredentialPlace,
  credential: Credential,
): Promise<Buffer> {
  const { minted, maker, ...rest } = credential
  const text = JSON.stringify({ ...rest, ...(minted ? { minted } : {}), ...(maker === null ? {} : { maker }) })
  return (await deployment.own()).seal('credential', Buffer.from(text, 'utf8'), contextOf(place))
}

export async function openCredential(
  deployment: TenantKeys,
  place: CredentialPlace,
  sealed: Uint8Array,
): Promise<Credential> {
  const text = (await deployment.own()).open('credential', sealed, contextOf(place)).toString('utf8')
  const { tenant, subject, principal, minted = false, maker = null } = JSON.parse(text)
  return { tenant, subject, principal: checkPrincipal(principal), minted, maker }
}

function contextOf({ id, lookup, tenant, expires_ms }: CredentialPlace): (string | Buffer | number | null)[] {
  return ['api_key', id, lookup, tenant, expires_ms]
}
