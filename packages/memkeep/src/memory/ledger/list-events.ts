import { type ActorClass, actorClass } from '../../audit/actor-class.ts'
import { EventOpener, type Under } from '../../audit/event-opener.ts'
import type { LedgerReader, LogKeys } from '../../audit/ledger-reader.ts'
import type { EventRow } from '../../audit/logged-event.ts'
import { PlacedLeaves, type PlaceRow } from '../../audit/placed-leaves.ts'
import { MemkeepError } from '../../core/errors.ts'
import { isUuid } from '../../core/ids.ts'
import { decodeLeaf } from '../../proof/ledger-leaf.ts'
import { readOps } from '../../proof/read-ops.ts'
import { checkKeys, checkLimit, lookupId } from '../input.ts'
import { expectOutcome } from '../outcome.ts'

export interface AuditQuery {
  /** Events from this moment on, by the clock of the process that acted. */
  readonly since?: Date
  /** Events before this moment. */
  readonly until?: Date
  /** Names of actions, `memory.search` say; at most 50. Default all. */
  readonly actions?: readonly string[]
  /** Only those that disclosed, wrote or removed the memory with this id. */
  readonly memory?: string
  /** `nextCursor` of the page before. */
  readonly cursor?: string
  /** Default 50, at most 100. */
  readonly limit?: number
}

/** One event of the ledger, opened as far as its keys are there. */
export interface AuditEvent {
  readonly id: string
  readonly at: Date
  readonly action: string
  readonly outcome: string
  /** In what capacity. */
  readonly by: ActorClass
  readonly reach: 'common' | 'subject' | 'all'
  /** The subject concerned, as far as its name opens. */
  readonly subject: string | null
  /** Null when the details cannot be opened any more. */
  readonly principal: { readonly id: string; readonly roles: readonly string[] } | null
  readonly agent: string | null
  readonly session: string | null
  readonly reason: string | null
  /** The support access that it was done under; null for what was not. */
  readonly support: string | null
  /** Whether the subject's key was made for this call. */
  readonly keyMade: boolean
  /** Memories disclosed, written or removed. */
  readonly memories: readonly string[]
  readonly affected: number
  /** Its place in the log; null: none yet, or none any more (a read whose leaf went to the cold tier). */
  readonly index: number | null
  /** Which of the tenant's logs that is, from 1 (`LedgerHead`); null where `index` is. */
  readonly line: number | null
  /**
   * Whether all of the above is what the log committed to. Null when nobody can tell here: it waits for its place, its leaf went to the cold
   * tier (its file tells), or the key that it was sealed or committed under is gone. False: the row was changed, nobody who had the keys
   * wrote it, no leaf is of it, or no head that the log's key signed covers that leaf.
   */
  readonly intact: boolean | null
}

export interface AuditPage {
  readonly items: readonly AuditEvent[]
  /** Null on the last page. */
  readonly nextCursor: string | null
}

type ListRow = Omit<EventRow, 'outcome'> &
  Under & {
    readonly part: 0
    readonly outcome: string | null
    readonly ended: string
    readonly seq: number | null
    readonly line: number | null
    readonly entry: Buffer | null
    /** Why it has no place; null: it has one, or should have. */
    readonly unplaced: 'waiting' | 'pruned' | null
  }

/** A row that shows where leaves stand. */
type PlaceOnly = PlaceRow & { readonly part: 1 | 2 }

/** What a page's events are opened with. */
interface Opening {
  readonly opener: EventOpener
  readonly leaves: PlacedLeaves
  readonly names: (subject: Buffer) => string | null
}

const optionKeys = ['since', 'until', 'actions', 'memory', 'cursor', 'limit']
const lastUuid = 'ffffffff-ffff-ffff-ffff-ffffffffffff'
const reaches = ['common', 'subject', 'all'] as const
const endOfTime = 8_640_000_000_000_000

export async function listEvents(keys: LogKeys, reader: LedgerReader, given: unknown): Promise<AuditPage> {
  const options = checkKeys<AuditQuery>(given, 'audit options', optionKeys)
  const limit = checkLimit(options.limit, 100, 50)
  const { cursor = lastUuid } = options
  if (!isUuid(cursor)) throw new MemkeepError('ERR_INPUT_INVALID', 'cursor is not one that audit.list gave')
  const [since, until] = [checkTime(options.since, 0), checkTime(options.until, endOfTime)]
  const args = [since, until, checkActions(options.actions), cursor, limit + 1]
  // Beside the events what shows where their leaves stand: whoever owns the database can change a leaf as well as its event.
  const more = [options.memory === undefined ? null : lookupId(options.memory), true]
  return reader.read(async (log) => {
    const doorway = log.wide ? 'wide_list_events' : 'list_events'
    const rows = await log.call<ListRow | PlaceOnly>(doorway, args, more)
    const events = rows.filter((row) => row.part === 0)
    expectOutcome(events.find((row) => row.outcome !== null)?.outcome, 'ok')
    const found = events.filter((row) => row.outcome === null)
    const names = await log.names(found)
    const opener = new EventOpener(log.keys, await keys.deployment())
    const places = rows.filter((row) => row.part !== 0)
    const leaves = new PlacedLeaves(places, async (line) => (await keys.logKey(log.tag, line)).noteKey)
    const items: AuditEvent[] = []
    for (const row of found.slice(0, limit)) items.push(await openEvent(row, { opener, leaves, names }))
    return { items, nextCursor: found.length > limit ? items.at(-1)!.id : null }
  })
}

async function openEvent(row: ListRow, { opener, leaves, names }: Opening): Promise<AuditEvent> {
  const event: EventRow = { ...row, outcome: row.ended }
  const { detail } = await opener.detail(event)
  const intact = await isIntact(row, event, opener, leaves)
  const { principal, roles, by, agent, session, reason, support, keyMade } = detail === null ? {} : JSON.parse(detail)
  return {
    id: row.id,
    at: new Date(row.at_ms),
    action: row.action,
    outcome: row.ended,
    by: detail === null && intact !== false && row.entry !== null ? classIn(row.entry) : actorClass(row.action, by),
    reach: reaches[row.reach]!,
    subject: row.subject === null ? null : names(row.subject),
    principal: principal === undefined ? null : { id: principal, roles },
    agent: agent ?? null,
    session: session ?? null,
    reason: reason ?? null,
    support: support ?? null,
    keyMade: keyMade === true,
    memories: row.memories,
    affected: row.affected,
    index: row.seq,
    line: row.line,
    intact,
  }
}

/** As the log committed to it: the details that said it may be gone. */
function classIn(entry: Buffer): ActorClass {
  return decodeLeaf(entry).actorClass as ActorClass
}

async function isIntact(
  { seq, line, entry, unplaced, ...place }: ListRow,
  event: EventRow,
  opener: EventOpener,
  leaves: PlacedLeaves,
): Promise<boolean | null> {
  if (seq === null) return unplaced === 'waiting' || (unplaced === 'pruned' && readOps.has(event.action)) ? null : false
  // Leaves that are pruned go as rows: none is without its bytes.
  if (entry === null || !(await leaves.holds(line!, seq, entry))) return false
  return opener.isIntact(event, entry, place)
}

function checkTime(value: unknown, absent: number): number {
  if (value === undefined) return absent
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.getTime()
  throw new MemkeepError('ERR_INPUT_INVALID', 'since and until are Dates')
}

function checkActions(value: unknown): readonly string[] | null {
  if (value === undefined) return null
  const whole = Array.isArray(value) && value.length > 0 && value.length <= 50
  if (whole && value.every((each) => typeof each === 'string' && /^[a-z][a-z0-9_.-]{0,63}$/.test(each))) return value
  throw new MemkeepError('ERR_INPUT_INVALID', 'actions is a list of 1 to 50 names of actions')
}
