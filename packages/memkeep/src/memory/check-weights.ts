import { MemkeepError } from '../core/errors.ts'
import type { Weights } from '../recall/preference.ts'
import { checkKeys } from './input.ts'

/** Already at this weight nothing else orders an answer. Sums of far larger ones leave the range of a number, and a score with it. */
const mostWeight = 1000

/** Each a number from 0 to 1,000, and `halfLifeDays` a finite one above 0. What is absent has no weight. */
export function checkWeights(value: unknown): Weights {
  const weights = checkKeys<Weights>(value, 'weights', ['recency', 'halfLifeDays', 'importance'])
  for (const [name, weight] of Object.entries(weights)) {
    const isHalfLife = name === 'halfLifeDays'
    if (Number.isFinite(weight) && (isHalfLife ? weight > 0 : weight >= 0 && weight <= mostWeight)) continue
    const range = isHalfLife ? 'a finite number above 0' : `a number from 0 to ${mostWeight}`
    throw new MemkeepError('ERR_INPUT_INVALID', `${name} must be ${range}`)
  }
  return weights
}
