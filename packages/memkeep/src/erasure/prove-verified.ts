import { type InclusionOf, type ProofRow, readProof } from '../audit/read-proof.ts'
import { rightBits } from '../core/rights.ts'
import type { ErasureKernel } from './erasure-kernel.ts'
import { type ErasureRecord, notesOf } from './erasure-record.ts'
import { stepCall } from './step-call.ts'
import { incomplete } from './steps.ts'

/** That the event of an erasure's verification is in its tenant's log; null while it has no place there yet. */
export async function proveVerified(kernel: ErasureKernel, record: ErasureRecord): Promise<InclusionOf | null> {
  const { event } = notesOf<{ event: string }>(record, 'verify')
  const { claims, ...call } = await stepCall(kernel, { ...record, kind: 'tenant', subject: Buffer.alloc(16) }, [event])
  const audits = { ...claims, rights: claims.rights | rightBits.audit }
  const rows = await kernel.doorways.read<ProofRow>({ doorway: 'wide_prove_event', ...call, claims: audits })
  const { outcome } = rows.find(({ part }) => part === 0)!
  // `missing` as well: it may get its place between the two looks of that doorway.
  if (outcome !== 'ok' && outcome !== 'pending' && outcome !== 'missing') {
    throw incomplete(`the ledger does not show its event (${outcome})`)
  }
  return readProof(rows, (line) => kernel.keyring.logKey(record.tenant, line))
}
