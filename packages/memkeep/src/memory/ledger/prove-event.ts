import { type InclusionOf, type ProofRow, readProof } from '../../audit/read-proof.ts'
import { MemkeepError } from '../../core/errors.ts'
import type { ScopeClaims } from '../../core/scope.ts'
import { callRead, withAccess } from '../access.ts'
import { lookupId } from '../input.ts'
import type { Kernel } from '../kernel.ts'
import { expectOutcome } from '../outcome.ts'

/** That one event is in its tenant's log. `file` is all of it, for tools of others (C2SP tlog-proof). */
export type EventProof = InclusionOf

export async function proveEvent(kernel: Kernel, scope: ScopeClaims, given: unknown): Promise<EventProof | null> {
  const event = lookupId(given)
  const doorway = scope.reach === 'all' ? 'wide_prove_event' : 'prove_event'
  const { rows, tag } = await withAccess(kernel, scope, async (access) => {
    const found = await callRead<ProofRow>(kernel, access, doorway, [event])
    expectOutcome(found.find((row) => row.part === 0)?.outcome, 'ok', 'pending', 'missing')
    return { rows: found, tag: access.keys.tag }
  })
  const outcome = rows.find((row) => row.part === 0)!.outcome
  if (outcome === 'missing') return null
  if (outcome === 'pending') {
    throw new MemkeepError('ERR_AUDIT_UNAVAILABLE', 'the event has no place in the log yet', { retryable: true })
  }
  return readProof(rows, (line) => kernel.keyring.logKey(tag, line))
}
