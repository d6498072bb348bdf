import { MemkeepError } from '../core/errors.ts'
import { rightBits } from '../core/rights.ts'
import type { ScopeClaims } from '../core/scope.ts'
import { withAccess } from './access.ts'
import { askInVain, expectRight, noteDenied } from './denied.ts'
import { checkKeys, checkSignal } from './input.ts'
import type { Kernel } from './kernel.ts'
import { shelvesInReach } from './reach.ts'
import { resealShelf, type ShelfTally } from './reseal-shelf.ts'

export interface ResealOptions {
  /** Told after each batch. */
  readonly onProgress?: (progress: ResealReport) => void
  /** What was done until then stays done. */
  readonly signal?: AbortSignal
}

export interface ResealReport {
  /** Shelves that were looked at: those of subjects, and the common one. */
  readonly shelves: number
  /** Rows that were sealed anew: memories, earlier versions, what is held, artifacts of a subject's own. */
  readonly resealed: number
  /** Written by others while this ran: sealed by them, under the key that they had. */
  readonly left: number
  /** Ids of what does not open: nothing can be done for it. */
  readonly broken: readonly string[]
}

/** In the place of rows, where it is denied. */
const nothing = [[], [], [], [], [], [], []]

/** A tenant-wide scope seals the common shelf anew too. */
function resealingRight({ reach }: ScopeClaims): number {
  const { read, write, common, tenant } = rightBits
  return read | write | (reach === 'subject' ? 0 : common) | (reach === 'all' ? tenant : 0)
}

/** Seals a scope's rows under the newest keys of its subjects, batch by batch. Each batch is one commit. */
export async function reseal(kernel: Kernel, scope: ScopeClaims, given: unknown): Promise<ResealReport> {
  const { onProgress, signal } = checkKeys<ResealOptions>(given, 'reseal options', ['onProgress', 'signal'])
  checkSignal(signal)
  if (scope.agent !== null || scope.session !== null) {
    await noteDenied(kernel, scope, (access) => askInVain(kernel, access, 'reseal', nothing))
    throw new MemkeepError('ERR_ACCESS_DENIED', 'a scope of one agent or session cannot seal a shelf anew')
  }
  const subjects = await withAccess(kernel, scope, async (access) => {
    const { clearance, writable } = access.claims
    await expectRight(kernel, access, resealingRight(scope), 'reseal', nothing)
    if (clearance !== 0b111 || writable !== 0b111) await askInVain(kernel, access, 'reseal', nothing)
    return scope.reach === 'all' ? (await shelvesInReach(kernel, access)).subjects : [access.shelf]
  })
  const total = { shelves: 0, resealed: 0, left: 0, broken: [] as string[] }
  for (const subject of subjects) {
    const tell = (more: ShelfTally) => {
      total.resealed += more.resealed
      total.left += more.left
      total.broken.push(...more.broken)
      onProgress?.({ ...total })
    }
    await resealShelf(kernel, scope, subject, { signal, tell }).catch((error: unknown) => {
      // A subject that was erased meanwhile has nothing left to seal.
      const gone = error instanceof MemkeepError && error.code === 'ERR_SCOPE_BARRED'
      if (!gone || scope.reach !== 'all') throw error
    })
    total.shelves++
  }
  return total
}
