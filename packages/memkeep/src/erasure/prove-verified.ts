import { type InclusionOf, type ProofRow, readProof } from '../audit/read-proof.ts'
import { rightBits } from '../core/rights.ts'
import type { ErasureKernel } from './erasure-kernel.ts'
import { type ErasureRecord, notesOf } from './erasure-record.ts'
import { stepCall } from './step-call.ts'
import { incomplete } from './steps.ts'

/** That the event of an erasure's verification is in its tenant's log; null while it has no place there yet, `missing` where that log does not know it. */
export async function proveVerified(
  kernel: ErasureKernel,
  record: ErasureRecord,
): Promise<InclusionOf | 'missing' | null> {
  const { event } = notesOf<{ event: string }>(record, 'verify')
  const { claims, ...call } = await stepCall(kernel, { ...record, kind: 'tenant', subject: Buffer.alloc(16) }, [event])
  const audits = { ...claims, rights: claims.rights | rightBits.audit }
  const rows = await kernel.doorways.read<ProofRow>({ doorway: 'wide_prove_event', ...call, claims: audits })
  const { outcome } = rows.find(({ part }) => part === 0)!
  if (outcome === 'missing') return 'missing'
  if (outcome !== 'ok' && outcome !== 'pending') {
    throw incomplete(`the ledger does not show its event (${outcome})`)
  }
  return readProof(rows, (line) => kernel.keyring.logKey(record.tenant, line))
}
