import type { ScopeClaims } from '../core/scope.ts'
import { withAccess } from './access.ts'
import type { Kernel } from './kernel.ts'
import { shelvesInReach } from './reach.ts'
import { shelfPages } from './shelf-pages.ts'

export interface ShelfCheck {
  readonly shelves: number
  /** Entries that opened. */
  readonly entries: number
  /** Ids of memories whose entry does not open: searches and lists leave them out. */
  readonly broken: readonly string[]
}

/** Opens every entry that the scope reads, keeps none, and tells which do not open. Slow: it reads whole shelves. */
export function checkShelves(kernel: Kernel, scope: ScopeClaims): Promise<ShelfCheck> {
  return withAccess(kernel, scope, async (access) => {
    const { subjects } = await shelvesInReach(kernel, access)
    const broken: string[] = []
    let entries = 0
    for (const subject of subjects) {
      for await (const page of shelfPages(kernel, access, subject)) {
        entries += page.entries.length
        broken.push(...page.broken)
      }
    }
    return { shelves: subjects.length, entries, broken }
  })
}
