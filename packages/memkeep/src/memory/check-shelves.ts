import type { ScopeClaims } from '../core/scope.ts'
import type { IndexEntry } from '../recall/index-entry.ts'
import { type Access, withAccess } from './access.ts'
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
    const alike = new Map<string, Look>()
    const models: Record<string, number> = {}
    const own = modelOf(kernel)
    const found = { entries: 0, withoutVector: 0, ofOtherModels: 0, withoutStems: 0 }
    for (const subject of subjects) {
      for (const [id, look] of await looksOf(kernel, access, subject, alike)) {
        if (look === null) {
          broken.push(id)
          continue
        }
        found.entries++
        for (const model of look.made) models[model] = (models[model] ?? 0) + 1
        if (look.made.length === 0) found.withoutVector++
        else if (own !== null && !look.made.includes(own)) found.ofOtherModels++
        if (!look.hasStems) found.withoutStems++
      }
    }
    return { shelves: subjects.length, broken, models, ...found }
  })
}

/** What is counted of an entry. */
interface Look {
  readonly made: readonly string[]
  readonly hasStems: boolean
}

/** By id, so that a row that is written meanwhile counts once and as it stood last; null for one that does not open. */
async function looksOf(
  kernel: Kernel,
  access: Access,
  subject: Buffer,
  alike: Map<string, Look>,
): Promise<Map<string, Look | null>> {
  const looks = new Map<string, Look | null>()
  for await (const page of shelfPages(kernel, access, subject, 'toTheEnd')) {
    for (const id of page.broken) looks.set(id, null)
    for (const { id, index } of page.entries) {
      const look = { made: modelsOf(index), hasStems: index.language !== null }
      const name = JSON.stringify(look)
      // There are few that differ: each is kept once.
      const kept = alike.get(name) ?? look
      alike.set(name, kept)
      looks.set(id, kept)
    }
  }
  return looks
}

function modelsOf({ model, vector, former }: IndexEntry): string[] {
  return [...(model !== null && vector !== null ? [model] : []), ...(former ? [former.model] : [])]
}
