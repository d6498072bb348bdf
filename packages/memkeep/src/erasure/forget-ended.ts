import { MemkeepError } from '../core/errors.ts'
import { expireLines } from './enter.ts'
import type { ErasureKernel } from './erasure-kernel.ts'
import type { ErasureRecord } from './erasure-record.ts'
import { checkEnded } from './note-seal.ts'
import { readRecord } from './read-record.ts'
import { untilOf } from './report.ts'
import { callStep, placeOf } from './step-call.ts'

/**
 * Removes what keeps erased scopes barred, and the record of their erasures, where no backup, scope or token can hold them any more: in the
 * key store, the database, and the ledger outside, where the hash of the line stays. Whoever has that id then begins anew. Returns how many
 * erasures were forgotten. One whose steps do not stand as they were noted is not forgotten (`ERR_SEAL_BROKEN`). The first failure is thrown once all were tried.
 */
export async function forgetEnded(kernel: ErasureKernel): Promise<number> {
  const failures: unknown[] = []
  let forgotten = 0
  for (const found of await kernel.ended()) {
    try {
      const place = placeOf(found)
      const subject = place.kind === 'tenant' ? null : place.subject
      const record = await readRecord(kernel, place, found.id)
      await checkOver(kernel, record)
      // The record in the database goes last: without it nobody would know that there is something left to forget.
      await kernel.keyring.destruction.forget({ tenant: place.tenant, subject }, record.epoch)
      kernel.drop(place.tenant)
      const handled = ['ok', 'missing', 'conflict']
      await callStep(kernel, place, { doorway: 'forget_erasure', args: [found.id], handled })
      forgotten++
    } catch (error) {
      failures.push(error)
    }
  }
  if (forgotten > 0) await expireLines(kernel)
  if (failures.length > 0) throw failures[0]
  return forgotten
}

/** Throws `ERR_SEAL_BROKEN` unless it was carried out, and its end has passed as it was told: the row may say less. */
export async function checkOver(kernel: ErasureKernel, record: ErasureRecord): Promise<void> {
  await checkEnded(kernel, record)
  if (kernel.seams.clock.now() > untilOf(record)) return
  throw new MemkeepError('ERR_SEAL_BROKEN', 'the end of an erasure was moved in the database')
}
