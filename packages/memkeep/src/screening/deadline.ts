import { MemkeepError } from '../core/errors.ts'
import type { Distiller } from './distiller.ts'
import type { Screener } from './screener.ts'
import { unlessAborted } from './unless-aborted.ts'

/** As it was given, but that each text is answered within `ms`, or it failed there: code of somebody else's may never answer. */
export function screenerWithin(ms: number, screener: Screener): Screener {
  const { name } = screener
  return { name, screen: (input, signal) => within(ms, (late) => screener.screen(input, late), signal) }
}

/** As `screenerWithin`. */
export function distillerWithin(ms: number, distiller: Distiller): Distiller {
  const { name } = distiller
  return { name, distil: (input, signal) => within(ms, (late) => distiller.distil(input, late), signal) }
}

/** Its signal is aborted when the time is over, so that what heeds it can stop; what does not is no longer waited for. */
async function within<T>(
  ms: number,
  work: (signal: AbortSignal) => T | PromiseLike<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(new MemkeepError('ERR_ABORTED', 'no answer in time')), ms)
  const either = signal === undefined ? late.signal : AbortSignal.any([late.signal, signal])
  try {
    return await unlessAborted(() => work(either), either)
  } finally {
    clearTimeout(timer)
  }
}
