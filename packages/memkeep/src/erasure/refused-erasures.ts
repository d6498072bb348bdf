import { MemkeepError } from '../core/errors.ts'
import { erasureRemoval } from '../store/erasure-removal.ts'
import { checkEpoch } from './bar.ts'
import type { ErasureKernel } from './erasure-kernel.ts'
import { type ErasureRecord, scopeOf } from './erasure-record.ts'
import { checkOver } from './forget-ended.ts'
import { openNames } from './names.ts'
import { checkNotes } from './note-seal.ts'
import { readRecord } from './read-record.ts'
import { placeOf } from './step-call.ts'

/** An erasure that is not carried out, or not forgotten, as rows of it are not what this deployment wrote. */
export interface RefusedErasure {
  readonly id: string
  /** Which of them. */
  readonly why: string
  /** SQL by which the database's administrator removes it. */
  readonly removal: string
}

/** Also one of a kind that there is not: nobody finds its record. */
const refusals = ['ERR_SEAL_BROKEN', 'ERR_INPUT_INVALID']

/** Those that a pass of upkeep would refuse, of as many as one looks at. Changes nothing. */
export async function refusedErasures(kernel: ErasureKernel): Promise<RefusedErasure[]> {
  const refused: RefusedErasure[] = []
  const looks = [
    { found: (await kernel.due()).found, check: checkOpen },
    { found: await kernel.ended(), check: checkOver },
  ]
  for (const { found, check } of looks) {
    for (const each of found) {
      try {
        await check(kernel, await readRecord(kernel, placeOf(each), each.id))
      } catch (error) {
        if (!(error instanceof MemkeepError) || !refusals.includes(error.code)) throw error
        refused.push(Object.freeze({ id: each.id, why: error.message, removal: erasureRemoval(each.id) }))
      }
    }
  }
  return refused
}

async function checkOpen(kernel: ErasureKernel, record: ErasureRecord): Promise<void> {
  await checkNotes(kernel, record)
  await openNames(kernel, record)
  if (record.barredMs === null) await checkEpoch(kernel, record, scopeOf(record, null))
}
