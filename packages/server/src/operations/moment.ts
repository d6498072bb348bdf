import { z } from 'zod'

/** A moment as RFC 3339 text with an offset, at most milliseconds fine (a finer one would be cut); a Date after parsing. */
export const moment = z.iso
  .datetime({ offset: true })
  .regex(/^[^.]*(\.\d{1,3})?[^.\d][^.]*$/, 'at most three digits of a second')
  .transform((text) => new Date(text))
