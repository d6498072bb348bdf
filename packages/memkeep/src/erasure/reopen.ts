import type { ErasureScope } from '../core/erasure.ts'
import { sealSubjectName } from '../keys/subject-name.ts'
import type { ErasureKernel } from './erasure-kernel.ts'
import type { ErasureRecord } from './erasure-record.ts'
import { callStep } from './step-call.ts'

/** Opens an erased subject anew: first its next epoch's key, then the shelf. */
export async function reopen(kernel: ErasureKernel, record: ErasureRecord, scope: ErasureScope): Promise<void> {
  const epoch = record.epoch + 1
  const { tenant, subject } = scope.ids!
  const keys = await kernel.keyring.tenant(tenant)
  await keys.reopenSubject(record.subject, epoch)
  const args = [sealSubjectName(await keys.own(), record.subject, subject!)]
  await callStep(kernel, record, { doorway: 'reopen_scope', args, stated: { shelfEpoch: epoch } })
  kernel.drop(scope.tenant)
}
