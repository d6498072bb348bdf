import { MemkeepError } from './errors.ts'

/** How many memories a principal may be shown in a time. Times begin together: at the full minute, hour or day where they are that long. */
export interface DisclosureBudget {
  /** From 1 to 1,000,000. */
  readonly memories: number
  /** Whole minutes, from 60 to 86,400. */
  readonly perSeconds: number
  /** Roles whose principals are not counted: whoever exports, say. Default none. */
  readonly except?: readonly string[]
}

const mostMemories = 1_000_000
const mostSeconds = 86_400

/** A checked, frozen copy. Throws `ERR_INPUT_INVALID`, naming what is wrong. */
export function checkDisclosure(value: unknown): DisclosureBudget {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'a disclosure budget is an object of memories and perSeconds')
  }
  if (Object.keys(value).some((name) => !['memories', 'perSeconds', 'except'].includes(name))) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'a disclosure budget has only memories, perSeconds and except')
  }
  const { memories, perSeconds, except } = value as Partial<DisclosureBudget>
  if (!isWhole(memories, 1, mostMemories)) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'memories must be a whole number from 1 to 1,000,000')
  }
  if (!isWhole(perSeconds, 60, mostSeconds) || perSeconds % 60 !== 0) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'perSeconds must be whole minutes, from 60 to 86,400')
  }
  if (except === undefined) return Object.freeze({ memories, perSeconds })
  if (
    !Array.isArray(except) ||
    except.length > 64 ||
    !except.every((role) => typeof role === 'string' && role !== '')
  ) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'except must be a list of at most 64 roles')
  }
  return Object.freeze({ memories, perSeconds, except: Object.freeze([...except]) })
}

function isWhole(value: unknown, least: number, most: number): value is number {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most
}

/** Seconds until the time of the budget that `nowMs` falls into is over. */
export function secondsLeft({ perSeconds }: DisclosureBudget, nowMs: number): number {
  return Math.ceil((perSeconds * 1000 - (nowMs % (perSeconds * 1000))) / 1000)
}
