import { z } from 'zod'

/** The filter of reads. What the principal may not read stays out, whatever is asked. */
export const sensitivities = z.array(z.enum(['public', 'private', 'sensitive'])).describe('One of these.')
