import type { EventOpener, Under } from '../audit/event-opener.ts'
import { leafOf } from '../audit/logged-event.ts'
import { nodeSha256, treeHash } from '../audit/node-sha256.ts'
import { parseCheckpoint, signCheckpoint } from '../proof/checkpoint.ts'
import { encodeLeaf, unsealed } from '../proof/ledger-leaf.ts'
import { lineLeaf } from '../proof/line-leaf.ts'
import { parseNote } from '../proof/signed-note.ts'
import type { FullTile } from '../proof/tile-appender.ts'
import type { LogEdge, LogPlace } from './log-edges.ts'
import type { WaitingLog } from './pending-logs.ts'

/** A leaf with its place. */
export interface AppendedEntry extends Under {
  /** Null for a leaf that no event stands behind: of the deployment's log, or the first of one that takes another's place. */
  readonly event: string | null
  readonly class: number
  readonly entry: Uint8Array
}

/** A log with what is appended to it: the entries stand from `size` on. */
export interface AppendedLog extends LogPlace {
  readonly entries: readonly AppendedEntry[]
  /** Tiles that became full, with their roots. */
  readonly tiles: readonly FullTile[]
  /** The signed checkpoint over all of it. */
  readonly note: string
}

/** Who begins a log that takes another's place, and when. */
export type Begun = Parameters<typeof lineLeaf>[3]

/**
 * Makes the leaves of a tenant's events, in their order, and signs the head that covers them. Moves the edge. A log that takes
 * another's place begins with the head that the other ended with.
 */
export async function appendEvents(
  log: LogPlace & Pick<WaitingLog, 'events' | 'former'>,
  edge: LogEdge,
  opener: EventOpener,
  begun: Begun,
): Promise<AppendedLog> {
  const entries: AppendedEntry[] = log.former === null ? [] : [bareEntry(firstLeaf(log.former.note, begun))]
  for (const event of log.events) {
    const { commit, forged, detail, ...under } = await opener.commit(event)
    const hex = Buffer.from(commit.buffer, commit.byteOffset, commit.length).toString('hex')
    const row = forged ? { ...event, outcome: unsealed } : event
    const entry = encodeLeaf(leafOf(row, log.size + entries.length, hex, detail))
    entries.push({ ...under, event: event.id, class: event.class, entry })
  }
  return appendEntries(log, edge, entries)
}

/** The first leaf of a log that goes on from this head (signed note, and somebody has opened it). */
export function firstLeaf(former: string, begun: Begun): Uint8Array {
  return encodeLeaf(lineLeaf(nodeSha256, parseCheckpoint(parseNote(former).text), former, begun))
}

/** A leaf that no event stands behind. It is kept as what administrators do. */
export function bareEntry(entry: Uint8Array): AppendedEntry {
  return { event: null, class: 2, under: null, key_epoch: null, key_version: null, entry }
}

export async function appendEntries(
  { tenant, line, size, key }: LogPlace,
  { appender, frontier }: LogEdge,
  entries: readonly AppendedEntry[],
): Promise<AppendedLog> {
  for (const { entry } of entries) {
    const hash = treeHash.leaf(entry)
    appender.append(hash)
    frontier.append(hash)
  }
  const tiles = appender.takeFull()
  const note = await signCheckpoint({ size: frontier.size, root: frontier.root() }, key.noteKey, key)
  return { tenant, line, size, key, entries, tiles, note }
}
