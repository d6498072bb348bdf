import { hash } from 'node:crypto'
import type { Sha256 } from '../../src/proof/sha256.ts'

/** The hash that a server gives. */
export const nodeSha256: Sha256 = (bytes) => hash('sha256', bytes, 'buffer')
