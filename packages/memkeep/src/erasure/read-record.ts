import { MemkeepError } from '../core/errors.ts'
import type { ErasureKernel } from './erasure-kernel.ts'
import { type ErasureRecord, type ErasureRow, recordsOf } from './erasure-record.ts'
import { callStep, type ErasurePlace } from './step-call.ts'

/** Throws `ERR_INPUT_INVALID` when there is none. */
export async function readRecord(kernel: ErasureKernel, place: ErasurePlace, id: string): Promise<ErasureRecord> {
  const rows = await callStep<ErasureRow>(kernel, place, { doorway: 'list_erasures', args: [id] })
  const [record] = recordsOf(place.tenant, rows)
  if (record === undefined) throw new MemkeepError('ERR_INPUT_INVALID', 'there is no such erasure')
  return record
}
