import { MemkeepError } from '../core/errors.ts'
import type { ScopeClaims } from '../core/scope.ts'
import { damagedKeyOf } from '../keys/damaged-key.ts'
import { keyGone as keyIsGone } from '../keys/wrapped-keys.ts'
import { dimensionsOf, type Embedder } from '../recall/embedder.ts'
import type { IndexEntry } from '../recall/index-entry.ts'
import { type Access, withAccess } from './access.ts'
import { modelName, modelOf } from './index-of.ts'
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
  /**
   * Those that have vectors, but none of this keep's model, or of that but in another dimension than its own (where that is not known, than most have): a search that looks
   * at one is refused. 0 without an embedder.
   */
  readonly ofOtherModels: number
  /** Those whose words have no stems. */
  readonly withoutStems: number
  /** This keep's own model; null without an embedder. */
  readonly model: string | null
  /** Whether this keep gives words their stems. */
  readonly stems: boolean
  /**
   * Names in the key store of what keeps whole shelves from being read, which count as `shelves` and in nothing else: a record that is damaged
   * or, ending in `/`, the place of a subject's keys that are gone.
   */
  readonly keys: readonly string[]
}

/** Opens every entry that the scope reads, keeps none, and tells which do not open. Slow: it reads whole shelves. */
export function checkShelves(kernel: Kernel, scope: ScopeClaims): Promise<ShelfCheck> {
  return withAccess(kernel, scope, async (access) => {
    const { subjects } = await shelvesInReach(kernel, access)
    const broken: string[] = []
    const alike = new Map<string, Look>()
    const models: Record<string, number> = {}
    const own = modelOf(kernel)
    const found = { entries: 0, withoutVector: 0, withoutStems: 0 }
    const byLook = new Map<Look, number>()
    const keys = new Set<string>()
    for (const subject of subjects) {
      const looks = await looksOf(kernel, access, subject, alike)
      if (typeof looks === 'string') {
        keys.add(looks)
        continue
      }
      for (const [id, look] of looks) {
        if (look === null) {
          broken.push(id)
          continue
        }
        found.entries++
        byLook.set(look, (byLook.get(look) ?? 0) + 1)
        for (const { model } of look.made) models[model] = (models[model] ?? 0) + 1
        if (look.made.length === 0) found.withoutVector++
        if (!look.hasStems) found.withoutStems++
      }
    }
    const can = { model: own, stems: Boolean(kernel.languages) }
    const ofOtherModels = kernel.embedder === null ? 0 : unfit(byLook, kernel.embedder)
    return { shelves: subjects.length, broken, models, ...found, ofOtherModels, ...can, keys: [...keys] }
  })
}

/** Of these entries, how many have vectors, and none that the embedder's queries can be held against. */
function unfit(byLook: ReadonlyMap<Look, number>, embedder: Embedder): number {
  const model = modelName(embedder)
  const byDims = new Map<number, number>()
  for (const [{ made }, number] of byLook) {
    for (const each of made) if (each.model === model) byDims.set(each.dims, (byDims.get(each.dims) ?? 0) + number)
  }
  const [most] = [...byDims].sort(([, a], [, b]) => b - a)
  const dims = dimensionsOf(embedder) ?? most?.[0]
  let count = 0
  for (const [{ made }, number] of byLook) {
    if (made.length > 0 && !made.some((each) => each.model === model && each.dims === dims)) count += number
  }
  return count
}

/** What is counted of an entry. */
interface Look {
  readonly made: readonly { readonly model: string; readonly dims: number }[]
  readonly hasStems: boolean
}

/**
 * By id, so that a row that is written meanwhile counts once and as it stood last; null for one that does not open. Of a
 * shelf that cannot be read, the name of the key for which that is so.
 */
async function looksOf(
  kernel: Kernel,
  access: Access,
  subject: Buffer,
  alike: Map<string, Look>,
): Promise<Map<string, Look | null> | string> {
  try {
    return await readLooks(kernel, access, subject, alike)
  } catch (error) {
    const damaged = damagedKeyOf(error)
    if (damaged !== null) return damaged
    if (!(error instanceof MemkeepError) || error.code !== 'ERR_KEY_DESTROYED') throw error
    return `subject/${access.keys.tag.toString('hex')}/${subject.toString('hex')}/`
  }
}

async function readLooks(
  kernel: Kernel,
  access: Access,
  subject: Buffer,
  alike: Map<string, Look>,
): Promise<Map<string, Look | null>> {
  const looks = new Map<string, Look | null>()
  let keyGone = false
  for await (const page of shelfPages(kernel, access, subject, 'toTheEnd')) {
    keyGone ||= page.keyGone
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
  if (keyGone && [...looks.values()].every((look) => look === null)) throw keyIsGone()
  return looks
}

function modelsOf({ model, vector, former }: IndexEntry): Look['made'] {
  const own = model !== null && vector !== null ? [{ model, dims: vector.length }] : []
  return former ? [...own, { model: former.model, dims: former.vector.length }] : own
}
