import type { Credential, Keep } from 'memkeep'
import type { Mints, Reach } from '../operations/operation.ts'
import { reachOf } from './reach-of.ts'

/** Who showed a valid credential: what it reaches, and by which names its calls are counted. */
export interface Caller {
  readonly reach: Reach
  /** The credential's own: an API key's id, or the principal that a token names. */
  readonly name: string
}

/** The caller that a credential stands for, its scopes newly minted. `mints`: of what a credential like it would mint. */
export function callerOf(keep: Keep, credential: Credential, name: string, mints: Mints): Caller {
  return { reach: reachOf(keep, credential, credential.minted ? null : mints), name }
}
