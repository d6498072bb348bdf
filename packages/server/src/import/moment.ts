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
