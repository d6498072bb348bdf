import { MemkeepError } from '../core/errors.ts'
import type { Weights } from '../recall/preference.ts'
import { checkKeys } from './input.ts'

/** Each a finite number from 0, and `halfLifeDays` above 0. What is absent has no weight. */
export function checkWeights(value: unknown): Weights {
  const weights = checkKeys<Weights>(value, 'weights', ['recency', 'halfLifeDays', 'importance'])
  for (const [name, weight] of Object.entries(weights)) {
    if (!(Number.isFinite(weight) && weight >= 0) || (name === 'halfLifeDays' && weight === 0)) {
      throw new MemkeepError('ERR_INPUT_INVALID', `${name} must be a finite number from 0, a half-life above 0`)
    }
  }
  return weights
}
