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

export function pendingLogs(rows: readonly PendingRow[]): Pending {
  const nameOf = tenantNames()
  const events = new Map<string, PendingRow>()
  const heads = new Map<string, PendingRow>()
  for (const row of rows) {
    if (row.part === 2) events.set(`${nameOf(row.tenant)}/${row.id}`, row)
    if (row.part === 3) heads.set(nameOf(row.tenant), row)
  }
  const current = rows.find(({ part }) => part === 4)?.line ?? 1
  const waiting = new Map<string, PendingRow[]>()
  const broken = new Map<string, Buffer>()
  let looked = 0
  for (const row of rows) {
    if (row.part !== 1) continue
    looked++
    const tenant = nameOf(row.tenant)
    const event = events.get(`${tenant}/${row.id}`)
    if (event === undefined) {
      broken.set(tenant, row.tenant)
      continue
    }
    const others = waiting.get(tenant)
    if (others === undefined) waiting.set(tenant, [event])
    else others.push(event)
  }
  for (const tenant of broken.keys()) waiting.delete(tenant)
  const logs = [...waiting].map(([tenant, found]) => {
    const head = heads.get(tenant)
    const log =
      head?.line === current
        ? { line: current, size: head.size, vkey: head.vkey, note: head.note, former: null }
        : { line: current, size: 0, vkey: null, note: null, former: head ?? null }
    return { tenant: found[0]!.tenant, ...log, events: found }
  })
  return { waiting: logs, broken: [...broken.values()], looked }
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
