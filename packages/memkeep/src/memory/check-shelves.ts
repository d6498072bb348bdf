import type { ScopeClaims } from '../core/scope.ts'
import type { IndexEntry } from '../recall/index-entry.ts'
import { withAccess } from './access.ts'
import { modelOf } from './index-of.ts'
import type { Kernel } from './kernel.ts'
import { shelvesInReach } from './reach.ts'
import { shelfPages } from './shelf-pages.ts'

export interface ShelfCheck {
  readonly shelves: number
  /** Entries that opened. */
  readonly entries: number
  /** Ids of memories whose entry does not open: searches and lists leave them out. */
  readonly broken: readonly string[]
  /** How many entries have a vector of each model, by the model's name; one that has two counts twice. */
  readonly models: { readonly [model: string]: number }
  /** Of the entries, those without any vector: found by their words alone. */
  readonly withoutVector: number
  /** Those that have vectors, but none of this keep's model: a search that looks at one is refused. 0 without an embedder. */
  readonly ofOtherModels: number
  /** Those whose words have no stems. */
  readonly withoutStems: number
}

/** Opens every entry that the scope reads, keeps none, and tells which do not open. Slow: it reads whole shelves. */
export function checkShelves(kernel: Kernel, scope: ScopeClaims): Promise<ShelfCheck> {
  return withAccess(kernel, scope, async (access) => {
    const { subjects } = await shelvesInReach(kernel, access)
    const broken: string[] = []
    const models: Record<string, number> = {}
    const own = modelOf(kernel)
    const found = { entries: 0, withoutVector: 0, ofOtherModels: 0, withoutStems: 0 }
    for (const subject of subjects) {
      for await (const page of shelfPages(kernel, access, subject)) {
        broken.push(...page.broken)
        for (const { index } of page.entries) {
          const made = modelsOf(index)
          found.entries++
          for (const model of made) models[model] = (models[model] ?? 0) + 1
          if (made.length === 0) found.withoutVector++
          else if (own !== null && !made.includes(own)) found.ofOtherModels++
          if (index.language === null) found.withoutStems++
        }
      }
    }
    return { shelves: subjects.length, broken, models, ...found }
  })
}

function modelsOf({ model, vector, former }: IndexEntry): string[] {
  return [...(model !== null && vector !== null ? [model] : []), ...(former ? [former.model] : [])]
}
