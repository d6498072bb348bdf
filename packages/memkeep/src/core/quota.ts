import { MemkeepError } from './errors.ts'
import type { Limits } from './limits.ts'

/** How much a tenant may hold over all its subjects; what is absent has no bound. Bytes are those of the sealed rows. */
export interface Quota {
  readonly memories?: number
  readonly bytes?: number
}

/** A checked, frozen copy. Throws `ERR_INPUT_INVALID` for what is unknown or no whole number from 1. */
export function checkQuota(value: unknown): Quota {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'a quota is an object of memories and bytes')
  }
  for (const [name, most] of Object.entries(value)) {
    if (name !== 'memories' && name !== 'bytes') {
      throw new MemkeepError('ERR_INPUT_INVALID', 'a quota has only memories and bytes')
    }
    if (!Number.isSafeInteger(most) || (most as number) < 1) {
      throw new MemkeepError('ERR_INPUT_INVALID', `the quota of ${name} must be a whole number from 1`)
    }
  }
  return Object.freeze({ ...value })
}

/** The quota of every tenant that has none of its own. */
export function quotaOf({ tenantMemories, tenantBytes }: Limits): Quota {
  return Object.freeze({
    ...(tenantMemories === undefined ? {} : { memories: tenantMemories }),
    ...(tenantBytes === undefined ? {} : { bytes: tenantBytes }),
  })
}
