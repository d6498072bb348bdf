import { MemkeepError } from '../core/errors.ts'
import { distillerWithin, screenerWithin } from '../screening/deadline.ts'
import type { Distiller } from '../screening/distiller.ts'
import { extractive } from '../screening/extractive.ts'
import { checkScreenPolicy, type ScreenPolicy } from '../screening/judge.ts'
import type { Screener } from '../screening/screener.ts'
import type { GateParts } from '../screening/write-gate.ts'
import { DistilPause } from './distil-pause.ts'
import { SeenFindings } from './seen-findings.ts'

/** What looks at content. The policy goes for every tenant that has none of its own. */
export interface Screening extends Omit<GateParts, 'contentBytes'> {
  /** How long what is not kept for good stays. */
  readonly episodeMs: number
  readonly seen: SeenFindings
  readonly distilPause: DistilPause
}

export interface ScreeningOptions {
  readonly screener?: Screener | readonly Screener[]
  readonly screening?: Partial<ScreenPolicy>
  readonly distiller?: Distiller
  readonly episodeDays?: number
  readonly screeningTimeoutMs?: number
}

/** From what a keep is opened with. Throws `ERR_INPUT_INVALID`. */
export function checkScreening({
  screener = [],
  screening = {},
  distiller = extractive,
  episodeDays = 30,
  screeningTimeoutMs = 30_000,
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
  if (!(Number.isInteger(screeningTimeoutMs) && screeningTimeoutMs >= 1 && screeningTimeoutMs <= 3_600_000)) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'screeningTimeoutMs must be a whole number from 1 to 3,600,000')
  }
  return {
    screeners: screeners.map((each) => screenerWithin(screeningTimeoutMs, each)),
    distiller: distillerWithin(screeningTimeoutMs, distiller),
    policy: checkScreenPolicy(screening),
    episodeMs: episodeDays * 86_400_000,
    seen: new SeenFindings(),
    distilPause: new DistilPause(),
  }
}
