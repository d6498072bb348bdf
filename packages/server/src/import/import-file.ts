import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Keep, MemkeepError } from 'memkeep'
import { agentScope, importedScope } from '../authn/operator.ts'
import { type ImportTarget, type Plan, type Planned, planImport, sourcePrefix } from './plan.ts'

export interface ImportReport extends Pick<Plan, 'unit' | 'bad' | 'skipped' | 'cut'> {
  readonly imported: number
  /** Lines that an earlier import of the same file stored. */
  readonly already: number
}

export interface ImportOptions {
  /** Stores the good lines although there are bad ones. Default: then nothing is stored. */
  readonly keepGoing?: boolean
  readonly onProgress?: (stored: number, all: number) => void
}

/** Most memories of one commit: the kernel's own limit. */
const batchSize = 1000

/**
 * Imports a file of JSON Lines or a document of messages. Every line is checked before the first is stored. Each 1,000
 * memories of a subject are one commit; lines that an earlier import of the same bytes stored are left out, however long
 * ago that was, so a file whose import broke off is completed by importing it again. A memory that was deleted since comes back.
 */
export async function importFile(
  keep: Keep,
  file: Buffer,
  target: ImportTarget,
  options: ImportOptions = {},
): Promise<ImportReport> {
  const plan = await planImport(file, target, (planned) => check(keep, target.tenant, planned))
  const { unit, bad, skipped, cut, planned } = plan
  const report = { unit, bad, skipped, cut }
  if (bad.length > 0 && options.keepGoing !== true) return { ...report, imported: 0, already: 0 }
  let [imported, already] = [0, 0]
  for (const items of groupBy(planned, ({ subject }) => subject)) {
    const there = await numbersThere(keep, target.tenant, items, plan.digest)
    const missing = items.filter(({ number }) => !there.numbers.has(number))
    // The milliseconds that a broken import gave its last batch may not be over yet.
    if (missing.some(isTimeless)) await sleep(Math.min(batchSize, Math.max(0, there.latestMs + 1 - Date.now())))
    already += items.length - missing.length
    for (const batch of batchesOf(missing)) {
      await store(keep, target.tenant, batch, plan.digest)
      imported += batch.length
      options.onProgress?.(imported + already, planned.length)
    }
  }
  return { ...report, imported, already }
}

/** Asks the kernel whether it would take the line: an aborted call is checked like any other, and stores nothing. */
async function check(keep: Keep, tenant: string, planned: Planned): Promise<void> {
  try {
    await write(keep, tenant, [planned], { signal: AbortSignal.abort() })
  } catch (error) {
    if (!(error instanceof MemkeepError) || error.code !== 'ERR_ABORTED') throw error
  }
}

/** A turn without a time: it gets the next millisecond. */
function isTimeless(item: Planned): boolean {
  return item.as === 'turn' && item.message.at === undefined
}

/** Numbers of the lines that are stored already, and the latest time among them. The subject's memories are looked through: nothing finds them by source. */
async function numbersThere(
  keep: Keep,
  tenant: string,
  items: readonly Planned[],
  digest: string,
): Promise<{ readonly numbers: ReadonlySet<number>; readonly latestMs: number }> {
  const { subject, session } = items[0]!
  const oneSession = items.every((item) => item.session === session) ? session : null
  const memory = keep.for(importedScope(tenant, subject, oneSession))
  const kinds = [...new Set(items.map(({ as }) => (as === 'turn' ? 'turn' : 'note')))]
  const [prefix, numbers] = [sourcePrefix(digest), new Set<number>()]
  let latestMs = 0
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page = await memory.list({ limit: 100, kinds, ...(cursor === undefined ? {} : { cursor }) })
    for (const { source, at } of page.items) {
      if (source?.startsWith(prefix) !== true) continue
      numbers.add(Number(source.slice(prefix.length)))
      latestMs = Math.max(latestMs, at.getTime())
    }
    cursor = page.nextCursor
  }
  return { numbers, latestMs }
}

async function store(keep: Keep, tenant: string, batch: readonly Planned[], digest: string): Promise<void> {
  const { subject, session, as } = batch[0]!
  const numbers = batch.map(({ number }) => number)
  // Of two imports of one file at once, both see nothing there: the second answers as the first did.
  const identity = JSON.stringify([digest, tenant, subject, as, session, numbers])
  const idempotencyKey = createHash('sha256').update(identity).digest('hex')
  const startedMs = Date.now()
  await write(keep, tenant, batch, { idempotencyKey })
  // Turns without a time are given the milliseconds from now on: the next batch must not begin before they are over.
  if (batch.some(isTimeless)) await sleep(Math.max(0, startedMs + batch.length - Date.now()))
}

async function write(
  keep: Keep,
  tenant: string,
  batch: readonly Planned[],
  options: { readonly signal?: AbortSignal; readonly idempotencyKey?: string },
): Promise<void> {
  const { subject, session } = batch[0]!
  const memory = keep.for(agentScope(tenant, subject, { importing: true }))
  const messages = batch.flatMap((item) => (item.as === 'turn' ? [item.message] : []))
  if (messages.length > 0) await memory.addMessages(messages, { ...options, session: session! })
  const memories = batch.flatMap((item) => (item.as === 'memory' ? [item.input] : []))
  if (memories.length > 0) await memory.addMany(memories, options)
}

/** Batches of one call each: memories, or the turns of one session. */
function batchesOf(items: readonly Planned[]): Planned[][] {
  const calls = groupBy(items, (item) => (item.as === 'turn' ? `turn ${item.session}` : 'memory'))
  return calls.flatMap((call) =>
    Array.from({ length: Math.ceil(call.length / batchSize) }, (_, n) =>
      call.slice(n * batchSize, (n + 1) * batchSize),
    ),
  )
}

function groupBy(items: readonly Planned[], key: (item: Planned) => string): Planned[][] {
  return [...Map.groupBy(items, key).values()]
}
