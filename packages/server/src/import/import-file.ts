import { setTimeout as sleep } from 'node:timers/promises'
import type { Keep } from 'memkeep'
import { gateOf } from './gate-lines.ts'
import { planFile } from './plan-file.ts'
import type { Plan, Planned } from './planned.ts'
import { batchesOf, batchSize, checkLine, isTimeless, type StoredIds, storeBatch } from './store-batch.ts'
import type { ImportTarget } from './target.ts'
import { There } from './there.ts'

export interface ImportReport extends Pick<Plan, 'unit' | 'bad' | 'skipped' | 'cut' | 'lowered'> {
  readonly imported: number
  /** Of those imported, how many are held for review: nothing finds them until somebody releases them. */
  readonly held: number
  /** Lines that were stored before: by an earlier import, or (those of an export) in any other way. */
  readonly already: number
  /** Of those imported, how many end by themselves unless upkeep keeps them, and when the first and the last of them do; null: none. */
  readonly ends: { readonly number: number; readonly first: Date; readonly last: Date } | null
}

export interface ImportOptions {
  /** Stores the good lines although there are bad ones. Default: then nothing is stored. */
  readonly keepGoing?: boolean
  readonly onProgress?: (stored: number, all: number) => void
}

/**
 * Imports a file of JSON Lines, a document of messages, or an export. Every line is checked before the first is stored. Each
 * 1,000 memories of a subject are one commit; lines that are stored already are left out, however long ago that was, so a file
 * whose import broke off is completed by importing it again. A memory that was deleted since comes back.
 */
export async function importFile(
  keep: Keep,
  file: Buffer,
  target: ImportTarget,
  options: ImportOptions = {},
): Promise<ImportReport> {
  const { tenant } = target
  const checks = { line: (planned: Planned) => checkLine(keep, tenant, planned), gate: gateOf(keep, tenant) }
  const plan = await planFile(file, target, checks, keep)
  const { unit, bad, skipped, cut, lowered, planned, digest } = plan
  const report = { unit, bad, skipped, cut, lowered }
  if (bad.length > 0 && options.keepGoing !== true) return { ...report, imported: 0, held: 0, already: 0, ends: null }
  const ids: StoredIds = new Map()
  let [imported, held, already] = [0, 0, 0]
  const ends: Date[] = []
  const there = new Map<string | null, There>()
  for (const items of inOrder(planned)) {
    const { subject } = items[0]!
    const known = there.get(subject) ?? (await look(keep, tenant, planned, subject, plan))
    there.set(subject, known)
    const missing = items.filter((item) => !isKnown(item, known, ids))
    // The milliseconds that a broken import gave its last batch may not be over yet.
    if (missing.some(isTimeless)) await sleep(Math.min(batchSize, Math.max(0, known.latestMs + 1 - keep.now.getTime())))
    already += items.length - missing.length
    for (const batch of batchesOf(missing)) {
      let lines = batch
      for (let attempt = 0; lines.length > 0; attempt++) {
        const stored = await storeBatch(keep, tenant, lines, digest, attempt, ids)
        if (stored.stands) {
          held += stored.held
          ends.push(...stored.ends)
          imported += lines.length
          break
        }
        const nowKnown = await There.look(keep, tenant, lines, plan.knownBy)
        const gone = lines.filter((item) => !isKnown(item, nowKnown, ids))
        already += lines.length - gone.length
        lines = gone
      }
      options.onProgress?.(imported + already, planned.length)
    }
  }
  return { ...report, imported, held, already, ends: endsOf(ends) }
}

function endsOf(dates: readonly Date[]): ImportReport['ends'] {
  if (dates.length === 0) return null
  const [first, ...others] = dates
  const earliest = others.reduce((a, b) => (b < a ? b : a), first!)
  return { number: dates.length, first: earliest, last: others.reduce((a, b) => (b > a ? b : a), first!) }
}

/** The lines of one subject together, and none before the lines that it was derived from. */
function inOrder(planned: readonly Planned[]): Planned[][] {
  const depths = [...Map.groupBy(planned, ({ depth }) => depth)].sort(([a], [b]) => a - b)
  return depths.flatMap(([, items]) => [...Map.groupBy(items, ({ subject }) => subject).values()])
}

function look(keep: Keep, tenant: string, planned: readonly Planned[], subject: string | null, plan: Plan) {
  return There.look(
    keep,
    tenant,
    planned.filter((item) => item.subject === subject),
    plan.knownBy,
  )
}

function isKnown(item: Planned, there: There, ids: StoredIds): boolean {
  const id = there.take(item)
  if (id !== null) ids.set(item.number, id)
  return id !== null
}
