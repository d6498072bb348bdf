import { checkDisclosure, type DisclosureBudget } from './disclosure.ts'
import { MemkeepError } from './errors.ts'

/** Upper bounds, each with its own error: on what one call may bring, in bytes of UTF-8, and on what a tenant may hold. */
export interface Limits {
  readonly contentBytes: number
  readonly metadataBytes: number
  readonly tags: number
  readonly tagChars: number
  readonly queryBytes: number
  /** Most memories that one search or list returns. */
  readonly results: number
  /** Most memories that one addMany or addMessages brings. */
  readonly batch: number
  /** Most versions of one memory, and of all that it superseded before it: a history brings them at once. */
  readonly versions: number
  /** Most memories of a tenant, over all its subjects. Absent: no bound. A tenant may have a quota of its own instead. */
  readonly tenantMemories?: number
  /** Most bytes of a tenant's sealed memories, their earlier versions and their index. Absent: no bound. */
  readonly tenantBytes?: number
  /** What a principal may be shown in a time. Absent: no bound. A tenant may have a budget of its own instead. */
  readonly disclosure?: DisclosureBudget
}

const absentByDefault = ['tenantMemories', 'tenantBytes']

export const defaultLimits: Limits = Object.freeze({
  contentBytes: 32 * 1024,
  metadataBytes: 8 * 1024,
  tags: 32,
  tagChars: 128,
  queryBytes: 8 * 1024,
  results: 100,
  batch: 1000,
  versions: 1000,
})

/** The defaults with these in their place. Throws `ERR_INPUT_INVALID` for a limit that is unknown or no whole number from 1. */
export function checkLimits(given: Partial<Limits> = {}): Limits {
  const { disclosure, ...numbers } = given
  for (const [name, value] of Object.entries(numbers)) {
    if (!Object.hasOwn(defaultLimits, name) && !absentByDefault.includes(name))
      throw new MemkeepError('ERR_INPUT_INVALID', 'limits has an unknown limit')
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new MemkeepError('ERR_INPUT_INVALID', `the limit ${name} must be a whole number from 1`)
    }
  }
  const budget = disclosure === undefined ? {} : { disclosure: checkDisclosure(disclosure) }
  return Object.freeze({ ...defaultLimits, ...numbers, ...budget })
}
