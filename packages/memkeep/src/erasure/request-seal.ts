import { MemkeepError } from '../core/errors.ts'
import { canonicalBytes } from '../proof/canonical-bytes.ts'
import type { ErasureKernel } from './erasure-kernel.ts'
import type { ErasureRecord } from './erasure-record.ts'

/** What is asked for: whose end, in which epoch, by whom and why. */
export type Requested = Pick<
  ErasureRecord,
  'id' | 'tenant' | 'kind' | 'subject' | 'epoch' | 'after' | 'reason' | 'askedBy' | 'principal' | 'scopeCommit'
>

/** 16 bytes that only this deployment can make, of what is asked for: a row that somebody put into the database erases nobody. */
export async function requestSealOf({ keyring }: Pick<ErasureKernel, 'keyring'>, asked: Requested): Promise<Buffer> {
  const { id, tenant, kind, subject, epoch, after, reason, askedBy, principal, scopeCommit } = asked
  const fields = [id, tenant, kind, subject, epoch, after, reason, askedBy, principal, scopeCommit]
  return (await keyring.deployment()).keyedTag('erasure-request', canonicalBytes(fields))
}

/** Throws `ERR_SEAL_BROKEN` for an erasure that this deployment did not record, or not so: it stays open, and nothing of it is carried out. */
export async function checkRequested(kernel: Pick<ErasureKernel, 'keyring'>, record: ErasureRecord): Promise<void> {
  if (record.seal?.equals(await requestSealOf(kernel, record))) return
  throw new MemkeepError(
    'ERR_SEAL_BROKEN',
    'the erasure is not as it was asked for: its row was written in the database',
  )
}
