import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Keep, MemkeepError, type StoredReceipt } from 'memkeep'
import { importedCommonScope, importedScope, importScope } from '../authn/operator.ts'
import type { Planned } from './planned.ts'

/** Most memories of one commit: the kernel's own limit. */
export const batchSize = 1000

/** Ids of what is stored of a file, by the number of its line. */
export type StoredIds = Map<number, string>

/** Asks the kernel whether it would take the line: an aborted call is checked like any other, and stores nothing. */
export async function checkLine(keep: Keep, tenant: string, planned: Planned): Promise<void> {
  try {
    await write(keep, tenant, [planned], new Map(), { signal: AbortSignal.abort() })
  } catch (error) {
    if (!(error instanceof MemkeepError) || error.code !== 'ERR_ABORTED') throw error
  }
}

/** What became of lines that were stored. */
export interface Stored {
  /** How many of them wait for a person. */
  readonly held: number
  /** When those end that are kept for a while though their lines ask for no end: episodes, until upkeep keeps them. */
  readonly ends: readonly Date[]
  /** False when an earlier commit of the same lines answered, and what it stored was deleted since: nothing is stored. */
  readonly stands: boolean
}

/** Stores lines of one call in one commit, and notes their ids. `attempt` is one more than that of an answer that does not stand. */
export async function storeBatch(
  keep: Keep,
  tenant: string,
  batch: readonly Planned[],
  digest: string,
  attempt: number,
  ids: StoredIds,
): Promise<Stored> {
  const { subject, session, agent, as } = batch[0]!
  const numbers = batch.map(({ number }) => number)
  // Of two imports of one file at once, both see nothing there: the second answers as the first did.
  const identity = JSON.stringify([digest, tenant, subject, as, session, agent, numbers, attempt])
  const idempotencyKey = createHash('sha256').update(identity).digest('hex')
  const startedMs = keep.now.getTime()
  const receipts = await write(keep, tenant, batch, ids, { idempotencyKey })
  for (const [index, { id }] of receipts.entries()) ids.set(numbers[index]!, id)
  // Turns without a time are given the milliseconds from now on: the next batch must not begin before they are over.
  if (batch.some(isTimeless)) await sleep(Math.max(0, startedMs + batch.length - keep.now.getTime()))
  return {
    held: receipts.filter(({ outcome }) => outcome === 'quarantined').length,
    ends: receipts.flatMap(({ durableUntil }, at) =>
      durableUntil !== null && endsByItself(batch[at]!) ? [durableUntil] : [],
    ),
    stands: await stands(keep, tenant, subject, receipts[0]!),
  }
}

function endsByItself(item: Planned): boolean {
  return item.as === 'turn' || item.input.expiresAt === undefined
}

/** One speaks for all of its commit: none of them stood there before it. */
async function stands(keep: Keep, tenant: string, subject: string | null, { id, outcome }: StoredReceipt) {
  const memory = keep.for(subject === null ? importedCommonScope(tenant) : importedScope(tenant, subject, null))
  if ((await memory.get(id)) !== null) return true
  return outcome === 'quarantined' && (await memory.quarantine.get(id)) !== null
}

/** A turn without a time: it gets the next millisecond. */
export function isTimeless(item: Planned): boolean {
  return item.as === 'turn' && item.message.at === undefined
}

/** Batches of one call each: memories of one agent, or the turns of one session. */
export function batchesOf(items: readonly Planned[]): Planned[][] {
  const calls = Map.groupBy(items, ({ as, agent, session }) =>
    JSON.stringify([as, agent, as === 'turn' ? session : null]),
  )
  return [...calls.values()].flatMap((call) =>
    Array.from({ length: Math.ceil(call.length / batchSize) }, (_, n) =>
      call.slice(n * batchSize, (n + 1) * batchSize),
    ),
  )
}

async function write(
  keep: Keep,
  tenant: string,
  batch: readonly Planned[],
  ids: StoredIds,
  options: { readonly signal?: AbortSignal; readonly idempotencyKey?: string },
): Promise<StoredReceipt[]> {
  const { subject, session, agent } = batch[0]!
  const messages = batch.flatMap((item) => (item.as === 'turn' ? [item.message] : []))
  const memory = keep.for(importScope(tenant, subject, messages.length > 0 ? { agent, session } : { agent }))
  if (messages.length > 0) return memory.addMessages(messages, { ...options, session: session! })
  const memories = batch.flatMap(({ sources, ...item }) => {
    if (item.as === 'turn') return []
    return [sources.length === 0 ? item.input : { ...item.input, derivedFrom: sources.map((line) => ids.get(line)!) }]
  })
  return memory.addMany(memories, options)
}
