import { proofInvalid } from './proof-invalid.ts'

/** A whole number from 0 to 2^53 - 1 in ASCII decimal without leading zeroes. Else `ERR_PROOF_INVALID`. */
export function fromDecimal(text: string): number {
  const value = /^(0|[1-9][0-9]{0,15})$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(value)) throw proofInvalid('not a whole decimal number')
  return value
}

/** Milliseconds since 1970 that a `Date` holds, and no year before. */
export function isTime(value: unknown): value is number {
  return isIndex(value) && value <= 8_640_000_000_000_000
}

export function isIndex(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
