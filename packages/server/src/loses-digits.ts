/**
 * Whether a number as JSON writes it is a whole one that JavaScript would silently round: beyond 2^53, and not as a program of
 * JavaScript would have written it.
 */
export function losesDigits(written: string): boolean {
  if (!/^-?\d+$/.test(written)) return false
  const value = Number(written)
  return !Number.isSafeInteger(value) && String(value) !== written
}

export const lostDigits = 'holds a whole number that would lose digits: quote it'
