import { hash } from 'node:crypto'
import { TreeHash } from '../proof/tree-hash.ts'

/** The server's SHA-256, as `proof/` takes one. */
export const nodeSha256 = (bytes: Uint8Array): Uint8Array => hash('sha256', bytes, 'buffer')

export const treeHash = new TreeHash(nodeSha256)
