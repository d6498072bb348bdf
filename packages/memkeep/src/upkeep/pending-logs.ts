import type { EventRow } from '../audit/logged-event.ts'

/** A row that doorway `pending_events` brings. */
export interface PendingRow extends EventRow {
  /** 1: which event, in order. 2: the event. 3: where the newest log of its tenant stands. 4: the line that all logs are in. */
  readonly part: number
  readonly tenant: Buffer
  readonly class: number
  readonly line: number
  readonly size: number
  readonly vkey: string
  readonly note: string
}

/** The last signed head of a log that ended, and the line it was in. */
export interface FormerHead {
  readonly line: number
  readonly note: string
}

/** Events of one tenant in the order of their places to be, and where its log stands. */
export interface WaitingLog {
  readonly tenant: Buffer
  readonly line: number
  readonly size: number
  /** The key that the log was begun with; null when it begins now. */
  readonly vkey: string | null
  /** The newest signed head; null when the log begins now, and of what follows another part of the same look. */
  readonly note: string | null
  /** The head that the tenant's former log ended with, when a log that takes its place begins now. */
  readonly former: FormerHead | null
  readonly events: readonly PendingRow[]
}

/** One look at what waits. */
export interface Pending {
  /** Tenant by tenant, those of `broken` left out. */
  readonly waiting: readonly WaitingLog[]
  /**
   * Tenants of whose events one is said to wait and is not there: it was removed or changed. Both stand in one transaction, and the look reads events
   * after it read which wait: so whatever commits between is no such case.
   */
  readonly broken: readonly Buffer[]
  /** How many were said to wait. */
  readonly looked: number
}

/** What is there of one tenant. Its events by their ids alone: a look is over thousands of rows, and none wants a key made of two. */
interface Found {
  readonly tenant: Buffer
  readonly events: Map<string, PendingRow>
  readonly waiting: PendingRow[]
  head: PendingRow | null
  isBroken: boolean
}

export function pendingLogs(rows: readonly PendingRow[]): Pending {
  const nameOf = tenantNames()
  const tenants = new Map<string, Found>()
  const foundOf = ({ tenant }: PendingRow): Found => {
    const name = nameOf(tenant)
    const known = tenants.get(name)
    if (known !== undefined) return known
    const found = { tenant, events: new Map(), waiting: [], head: null, isBroken: false }
    tenants.set(name, found)
    return found
  }
  // Which wait comes first, so the tenants stand in that order.
  const which = rows.filter(({ part }) => part === 1).map((row) => ({ id: row.id, found: foundOf(row) }))
  let current = 1
  for (const row of rows) {
    if (row.part === 2) foundOf(row).events.set(row.id, row)
    if (row.part === 3) foundOf(row).head = row
    if (row.part === 4) current = row.line
  }
  for (const { id, found } of which) {
    const event = found.events.get(id)
    if (event === undefined) found.isBroken = true
    else found.waiting.push(event)
  }
  const all = [...tenants.values()]
  const logs = all.flatMap(({ tenant, head, waiting, isBroken }) => {
    if (isBroken || waiting.length === 0) return []
    const log =
      head?.line === current
        ? { line: current, size: head.size, vkey: head.vkey, note: head.note, former: null }
        : { line: current, size: 0, vkey: null, note: null, former: head }
    return [{ tenant, ...log, events: waiting }]
  })
  const broken = all.flatMap(({ tenant, isBroken }) => (isBroken ? [tenant] : []))
  return { waiting: logs, broken, looked: which.length }
}

/** A tenant's tag as text; most rows are of the tenant of the row before. */
function tenantNames(): (tenant: Buffer) => string {
  let [last, name]: [Buffer, string] = [Buffer.alloc(0), '']
  return (tenant) => {
    if (!tenant.equals(last)) [last, name] = [tenant, tenant.toString('hex')]
    return name
  }
}

/** The same in parts of about `most` events, one after another: a log that has more goes on where it was left. */
export function* inParts(logs: readonly WaitingLog[], most: number): Generator<WaitingLog[]> {
  let part: WaitingLog[] = []
  let room = most
  for (const log of logs) {
    for (let from = 0; from < log.events.length; ) {
      const events = log.events.slice(from, from + room)
      const first = from === 0 || log.former === null ? 0 : 1
      const former = from === 0 ? log.former : null
      part.push({ ...log, size: log.size + first + from, note: from === 0 ? log.note : null, former, events })
      from += events.length
      room -= events.length
      if (room > 0) continue
      yield part
      part = []
      room = most
    }
  }
  if (part.length > 0) yield part
}
