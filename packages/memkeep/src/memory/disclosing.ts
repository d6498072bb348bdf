import { secondsLeft } from '../core/disclosure.ts'
import { MemkeepError } from '../core/errors.ts'
import type { Claims } from '../store/token.ts'
import { type Access, callRead } from './access.ts'
import type { Kernel } from './kernel.ts'

/**
 * As `callRead`, of a doorway that discloses memories to the caller: its token states what the principal may be shown, where that is bounded. Throws
 * `ERR_RATE_LIMITED`, with when, once that is used up: nothing was disclosed then, and the refusal stands in the ledger.
 */
export async function callDisclosing<Row extends object>(
  kernel: Kernel,
  access: Access,
  doorway: string,
  args: readonly unknown[],
  claims: Claims = access.claims,
  more: readonly unknown[] = [],
): Promise<Row[]> {
  const { disclosure } = access
  if (disclosure === null) return callRead<Row>(kernel, access, doorway, args, claims, more)
  const budget = { memories: disclosure.memories, minutes: disclosure.perSeconds / 60 }
  const rows = await callRead<Row>(kernel, access, doorway, args, { ...claims, budget }, more)
  if (!rows.some((row) => 'outcome' in row && row.outcome === 'budget')) return rows
  kernel.disclosures.noteRefused()
  throw new MemkeepError('ERR_RATE_LIMITED', 'the principal was shown as many memories as it may be for now', {
    retryable: true,
    retryAfterSeconds: secondsLeft(disclosure, kernel.seams.clock.now()),
  })
}
