import { MemkeepError } from './errors.ts'

/** Throws `ERR_INPUT_INVALID` for one that is given and is no whole number from `least`. */
export function checkWholeNumbers(numbers: Readonly<Record<string, unknown>>, least: number): void {
  for (const [name, value] of Object.entries(numbers)) {
    if (value !== undefined && !(Number.isSafeInteger(value) && (value as number) >= least)) {
      throw new MemkeepError('ERR_INPUT_INVALID', `${name} must be a whole number from ${least}`)
    }
  }
}
