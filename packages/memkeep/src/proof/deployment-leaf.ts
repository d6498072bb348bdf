import { readCanonical } from './canonical-json.ts'
import { isIndex, isTime } from './decimal.ts'
import { proofInvalid } from './proof-invalid.ts'
import { utf8 } from './utf8.ts'

/**
 * One tick of the deployment's log: it commits to the heads of every tenant's log and has the same shape however many there
 * are. JSON in one form, as a tenant's leaf.
 */
export interface DeploymentLeaf {
  readonly v: 1
  /** Its index in the deployment's log, from 0. */
  readonly seq: number
  /** Milliseconds since 1970, by the clock of the process that sequenced. */
  readonly at: number
  /** 32 bytes in hex: the root of a `HeadTree`. */
  readonly heads: string
}

/** Throws `ERR_PROOF_INVALID` for a field out of its form. */
export function encodeDeploymentLeaf(leaf: DeploymentLeaf): Uint8Array {
  return utf8(write(checked(leaf)))
}

/** Throws `ERR_PROOF_INVALID` for any bytes that `encodeDeploymentLeaf` does not give. */
export function decodeDeploymentLeaf(entry: Uint8Array): DeploymentLeaf {
  return readCanonical(entry, (value) => checked(value as Partial<DeploymentLeaf>), write)
}

function checked(leaf: Partial<DeploymentLeaf>): DeploymentLeaf {
  const { v, seq, at, heads } = leaf
  if (v !== 1 || !isIndex(seq) || !isTime(at)) throw proofInvalid('not a leaf of a deployment log')
  if (typeof heads !== 'string' || !/^[0-9a-f]{64}$/.test(heads))
    throw proofInvalid('a leaf whose heads are not 32 bytes')
  return { v, seq, at, heads }
}

function write({ v, seq, at, heads }: DeploymentLeaf): string {
  return JSON.stringify({ v, seq, at, heads })
}
