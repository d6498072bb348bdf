import type { Credential, Keep } from 'memkeep'
import type { Mints, Reach } from '../operations/operation.ts'
import { reachOf } from './reach-of.ts'

/** Who showed a valid credential: what it reaches, and by which names its calls are counted. */
export interface Caller {
  readonly reach: Reach
  /** The API key's tag, or the principal that a token names. What was minted has its maker's: minting gives nobody more. */
  readonly name: string
  /** Whether the credential is still good: asked again while a long answer goes out. */
  readonly stands: () => Promise<boolean>
}

/** The caller that a credential stands for, its scopes newly minted. `own`: its own name. `mints`: of what a credential like it would mint. */
export function callerOf(
  keep: Keep,
  credential: Credential,
  own: string,
  mints: Mints,
  stands: Caller['stands'],
): Caller {
  const name = credential.minted ? (credential.maker ?? nameOfBearer(credential)) : own
  return { reach: reachOf(keep, credential, credential.minted ? null : mints), name, stands }
}

/** By what a token of an identity provider is counted, and what was minted with one. */
export function nameOfBearer({ principal }: Credential): string {
  return `jwt/${principal.id}`
}
