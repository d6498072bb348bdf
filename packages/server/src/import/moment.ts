import { MemkeepError } from 'memkeep'

const form = /^(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2}))?$/

/**
 * A moment as ISO 8601 writes it: a day (its midnight in UTC), or a day and a time with its zone; finer than a millisecond
 * is cut off. Throws `ERR_INPUT_INVALID` for anything else: a time without a zone means another moment on every machine.
 */
export function momentOf(value: unknown): Date {
  const [text, day = ''] = typeof value === 'string' ? (form.exec(value) ?? []) : []
  const moment = new Date(text ?? Number.NaN)
  // JavaScript reads 30 February as 2 March.
  const dayIsReal = !Number.isNaN(moment.getTime()) && new Date(day).toISOString().startsWith(day)
  if (!dayIsReal) throw new MemkeepError('ERR_INPUT_INVALID', 'at must be an ISO 8601 date, or a time with its zone')
  return moment
}

const writtenForm = /^[+-]\d{6}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/
const earliestMs = Date.parse('0001-01-01T00:00:00.000Z')
const latestMs = Date.parse('9999-12-31T23:59:59.999Z')

/** A moment that an export wrote: what was stored before years had bounds is brought within them. Throws `ERR_INPUT_INVALID`. */
export function exportedMoment(value: unknown): Date {
  const ms = typeof value === 'string' && writtenForm.test(value) ? Date.parse(value) : Number.NaN
  return withinYears(Number.isNaN(ms) ? momentOf(value) : new Date(ms))
}

/** The nearest moment in the years that the kernel takes. */
export function withinYears(moment: Date): Date {
  return new Date(Math.min(latestMs, Math.max(earliestMs, moment.getTime())))
}
