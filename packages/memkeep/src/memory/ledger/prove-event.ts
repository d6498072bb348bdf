import type { LedgerReader, LogKeys } from '../../audit/ledger-reader.ts'
import { type InclusionOf, type ProofRow, readProof } from '../../audit/read-proof.ts'
import { MemkeepError } from '../../core/errors.ts'
import { lookupId } from '../input.ts'
import { expectOutcome } from '../outcome.ts'

/** That one event is in its tenant's log. `file` is all of it, for tools of others (C2SP tlog-proof). */
export type EventProof = InclusionOf

export async function proveEvent(keys: LogKeys, reader: LedgerReader, given: unknown): Promise<EventProof | null> {
  const event = lookupId(given)
  const { rows, tag } = await reader.read(async (log) => {
    const found = await log.call<ProofRow>(log.wide ? 'wide_prove_event' : 'prove_event', [event])
    expectOutcome(found.find((row) => row.part === 0)?.outcome, 'ok', 'pending', 'missing')
    return { rows: found, tag: log.tag }
  })
  const outcome = rows.find((row) => row.part === 0)!.outcome
  if (outcome === 'missing') return null
  if (outcome === 'pending') {
    throw new MemkeepError('ERR_AUDIT_UNAVAILABLE', 'the event has no place in the log yet', { retryable: true })
  }
  return readProof(rows, (line) => keys.logKey(tag, line))
}
