import type { ErasureScope } from '../core/erasure.ts'
import { MemkeepError } from '../core/errors.ts'
import { sealSubjectName } from '../keys/subject-name.ts'
import type { TenantKeys } from '../keys/tenant-keys.ts'
import type { ErasureKernel } from './erasure-kernel.ts'
import type { ErasureRecord } from './erasure-record.ts'
import { callStep } from './step-call.ts'

/**
 * Opens an erased subject anew: first its next epoch's key, then the shelf. What has ended again since (its tenant was erased, or the subject itself in that next
 * epoch) stays ended.
 */
export async function reopen(kernel: ErasureKernel, record: ErasureRecord, scope: ErasureScope): Promise<void> {
  const epoch = record.epoch + 1
  const { tenant, subject } = scope.ids!
  const keys = await standingTenant(kernel, tenant)
  if (keys === null || !(await keys.reopenSubject(record.subject, epoch))) return
  const args = [sealSubjectName(await keys.own(), record.subject, subject!)]
  const handled = ['ok', 'missing', 'conflict']
  await callStep(kernel, record, { doorway: 'reopen_scope', args, handled, stated: { shelfEpoch: epoch } })
  kernel.drop(scope.tenant)
}

/** Null of a tenant that was erased, or has been forgotten since. */
async function standingTenant({ keyring }: ErasureKernel, tenant: string): Promise<TenantKeys | null> {
  try {
    return await keyring.tenant(tenant)
  } catch (error) {
    const { code } = error instanceof MemkeepError ? error : { code: null }
    if (code === 'ERR_SCOPE_BARRED' || code === 'ERR_TENANT_UNKNOWN') return null
    throw error
  }
}
