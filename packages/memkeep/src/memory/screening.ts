import { MemkeepError } from '../core/errors.ts'
import type { Distiller } from '../screening/distiller.ts'
import { extractive } from '../screening/extractive.ts'
import { checkScreenPolicy, type ScreenPolicy } from '../screening/judge.ts'
import type { Screener } from '../screening/screener.ts'
import type { GateParts } from '../screening/write-gate.ts'
import { SeenFindings } from './seen-findings.ts'

/** What looks at content. The policy goes for every tenant that has none of its own. */
export interface Screening extends GateParts {
  /** How long what is not kept for good stays. */
  readonly episodeMs: number
  readonly seen: SeenFindings
}

export interface ScreeningOptions {
  readonly screener?: Screener | readonly Screener[]
  readonly screening?: Partial<ScreenPolicy>
  readonly distiller?: Distiller
  readonly episodeDays?: number
}

/** From what a keep is opened with. Throws `ERR_INPUT_INVALID`. */
export function checkScreening({
  screener = [],
  screening = {},
  distiller = extractive,
  episodeDays = 30,
}: ScreeningOptions = {}): Screening {
  const screeners: readonly Screener[] = Array.isArray(screener) ? [...screener] : [screener as Screener]
  for (const { name, screen } of screeners) {
    if (typeof screen !== 'function' || typeof name !== 'string' || !/^[a-z0-9-]{1,40}$/.test(name))
      throw new MemkeepError('ERR_INPUT_INVALID', 'a screener has a name of [a-z0-9-] and screens')
  }
  if (typeof distiller?.distil !== 'function') throw new MemkeepError('ERR_INPUT_INVALID', 'a distiller distils')
  if (!(Number.isInteger(episodeDays) && episodeDays >= 1 && episodeDays <= 3650)) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'episodeDays must be a whole number from 1 to 3,650')
  }
  const policy = checkScreenPolicy(screening)
  return { screeners, distiller, policy, episodeMs: episodeDays * 86_400_000, seen: new SeenFindings() }
}
