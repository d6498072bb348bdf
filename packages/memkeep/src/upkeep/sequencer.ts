import { byUpkeep } from '../audit/detail.ts'
import { Breath } from '../core/breath.ts'
import { MemkeepError } from '../core/errors.ts'
import type { Seams } from '../core/seams.ts'
import type { Keyring } from '../keys/keyring.ts'
import { openCheckpoint } from '../proof/checkpoint.ts'
import type { Doorways } from '../store/doorways.ts'
import { isLogMoved, isPlacedTwice } from '../store/failure.ts'
import { byteaArray } from '../store/wire-arrays.ts'
import { appendArguments } from './append-arguments.ts'
import { type AppendedLog, appendEvents } from './append-events.ts'
import { type CallLog, DeploymentLog, type TickedHeads } from './deployment-log.ts'
import { eventOpenerOf } from './event-opener-of.ts'
import { asUnsafe, KnownHeads } from './known-heads.ts'
import { type LogEdge, LogEdges, type LogPlace } from './log-edges.ts'
import { inParts, type Pending, type PendingRow, pendingLogs, type WaitingLog } from './pending-logs.ts'
import { upkeepClaims, upkeepDetail } from './upkeep-call.ts'

const eventsAtOnce = 20_000
/** While some are being stored, the next are made ready. */
const storedAtOnce = 4_000
/** How often somebody else may have been faster before this run leaves the rest to the next. */
const mostRaces = 20

type Failed = Map<string, { readonly tenant: Buffer; readonly error: unknown }>

/**
 * Gives committed events their place in their tenant's log, in one transaction with the signed head that covers them. Several may
 * run: of two that append to a log at once, one does, and the other looks again.
 *
 * The order is right: an event whose call began after another's answer stands behind it. It was given its transaction id
 * when it began, so its id is higher; and whoever sees it waiting sees the other one waiting too, or in its place already.
 */
export class Sequencer {
  readonly #doorways: Doorways
  readonly #keyring: Keyring
  readonly #seams: Seams
  readonly #edges: LogEdges
  readonly #known: KnownHeads
  readonly #deployment: DeploymentLog
  /** Whether the key store remembers heads too, and what it knows was learnt. */
  readonly #remembers: boolean
  #learned = false
  #ticked: TickedHeads | null = null
  /** The pass that was asked for last: they run one after another, as they share the edges. */
  #last: Promise<unknown> = Promise.resolve()
  /** Tenants whose logs the last pass could not sign. */
  #unsigned: readonly Buffer[] = []

  /** `remembers`: the key store keeps the heads of each tick, and every process holds the logs to them. */
  constructor(doorways: Doorways, keyring: Keyring, seams: Seams, remembers = false) {
    this.#doorways = doorways
    this.#keyring = keyring
    this.#seams = seams
    this.#edges = new LogEdges((places) => this.#call('log_edges', places))
    this.#known = new KnownHeads({ doorways, keyring, seams })
    this.#remembers = remembers
    const call: CallLog = (doorway, args) => this.#call(doorway, args)
    this.#deployment = new DeploymentLog(call, keyring, seams, this.#known)
  }

  /** One pass over everything that waits. A tenant whose log cannot be signed holds up no other: its error is thrown at the end. */
  run(): Promise<number> {
    return this.#inTurn(() => this.#pass())
  }

  async #pass(): Promise<number> {
    if (!this.#learned) await this.#learn()
    const failed: Failed = new Map()
    let sequenced = 0
    for (let races = 0; races < mostRaces; ) {
      const except = [...failed.values()].map(({ tenant }) => tenant)
      const { waiting, broken, looked } = await this.#look(eventsAtOnce, except)
      if (looked === 0) break
      for (const tenant of broken) failed.set(tenant.toString('hex'), { tenant, error: eventGone() })
      this.#seams.reach('ledger.read')
      const { done, raced } = await this.#store(waiting, failed)
      sequenced += done
      if (raced) races++
      // All that waited was in sight: whatever waits now came since.
      else if (looked < eventsAtOnce) break
    }
    this.#unsigned = [...failed.values()].map(({ tenant }) => tenant)
    const [first] = failed.values()
    if (first !== undefined) throw first.error
    return sequenced
  }

  /** How many events got their place, and whether somebody else was faster: then what was made ready after that is worth nothing. */
  async #store(waiting: readonly WaitingLog[], failed: Failed): Promise<{ done: number; raced: boolean }> {
    let done = 0
    let storing: Promise<number> = Promise.resolve(0)
    try {
      for (const some of inParts(waiting, storedAtOnce)) {
        const appended = await this.#prepare(some, failed)
        done += await storing
        storing = this.#append(appended)
        // It is awaited below, maybe after another failure.
        storing.catch(() => {})
      }
      return { done: done + (await storing), raced: false }
    } catch (error) {
      done += await storing.catch(() => 0)
      for (const log of waiting) this.#edges.drop(log)
      if (isLogMoved(error)) return { done, raced: true }
      if (!isPlacedTwice(error)) throw error
      const [log] = waiting
      if (waiting.length > 1) return this.#storeApart(waiting, failed, done)
      failed.set(log!.tenant.toString('hex'), { tenant: log!.tenant, error })
      return { done, raced: false }
    }
  }

  /** One log after another, so that the one that cannot be stored holds up no other. What was stored of them before has moved its log. */
  async #storeApart(waiting: readonly WaitingLog[], failed: Failed, before: number) {
    let [done, raced] = [before, false]
    for (const log of waiting) {
      const one = await this.#store([log], failed)
      done += one.done
      raced ||= one.raced
    }
    return { done, raced }
  }

  /** How many tenants' logs the last pass could not sign. */
  get unsignedLogs(): number {
    return this.#unsigned.length
  }

  /**
   * When the event happened that waits longest for its place, by its own clock; null when none waits. Throws `ERR_STORE_UNSAFE` when that event is
   * not there.
   */
  async oldestWaiting(): Promise<Date | null> {
    const { waiting, broken } = await this.#look(1, [])
    if (broken.length > 0) throw eventGone()
    return timeOf(waiting)
  }

  /**
   * For how many milliseconds the oldest event has waited for its place; 0 when none waits. A tenant whose log cannot be signed does not count: it
   * holds up no other. The deployment's own does.
   */
  async lagMs(): Promise<number> {
    const own = (await this.#keyring.deployment()).tag
    const except = this.#unsigned.filter((tenant) => !tenant.equals(own))
    for (let most = 1; ; most = eventsAtOnce) {
      const { waiting, broken, looked } = await this.#look(most, except)
      if (broken.some((tenant) => tenant.equals(own))) throw eventGone()
      except.push(...broken)
      // Behind what is not there others may wait.
      if (waiting.length === 0 && looked === most) continue
      return Math.max(0, this.#seams.clock.now() - (timeOf(waiting)?.getTime() ?? Infinity))
    }
  }

  async #look(most: number, except: readonly Buffer[]): Promise<Pending> {
    return pendingLogs(await this.#call<PendingRow>('pending_events', [most, byteaArray(except)]))
  }

  /**
   * Puts the heads of all logs into the deployment's, when it is time. One that is not what was signed is left out, and throws
   * `ERR_STORE_UNSAFE` at the end.
   */
  tick(): Promise<void> {
    return this.#inTurn(async () => {
      // What an earlier pass did not get to note is old by now.
      this.#ticked = null
      await this.#learn()
      const { ticked, failed } = await this.#deployment.tick()
      this.#ticked = ticked
      if (failed !== null) throw failed
    })
  }

  /**
   * Has the key store remember the heads that the last tick committed to. Once the witness saw that tick (`seen`), and not before: then whatever
   * is set back behind these heads is refused by the witness too, and can be accepted. Throws `ERR_STORE_UNSAFE` when it was shown a log
   * without that tick.
   */
  async noteTicked(seen: { readonly line: number; readonly size: number }): Promise<void> {
    if (!this.#remembers || this.#ticked === null) return
    const { line, size, heads } = this.#ticked
    this.#ticked = null
    // In a later line nothing of this one counts.
    if (seen.line !== line) return
    if (seen.size < size)
      throw new MemkeepError('ERR_STORE_UNSAFE', 'the witness was shown a log without the last tick')
    await this.#keyring.noteHeads(line, heads)
  }

  async #learn(): Promise<void> {
    if (this.#remembers) await this.#known.learn(await this.#keyring.logLine())
    this.#learned = true
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work)
    this.#last = turn.catch(() => {})
    return turn
  }

  async #prepare(waiting: readonly WaitingLog[], failed: Failed): Promise<AppendedLog[]> {
    const deployment = await this.#keyring.deployment()
    const places: (WaitingLog & LogPlace)[] = []
    for (const log of waiting) {
      if (failed.has(log.tenant.toString('hex'))) continue
      try {
        const key = await this.#keyring.logKey(log.tenant, log.line)
        if (log.vkey !== null && log.vkey !== key.vkey) throw otherKey()
        if (log.vkey === null) await this.#checkBegun(log)
        places.push({ ...log, key })
      } catch (error) {
        failed.set(log.tenant.toString('hex'), { tenant: log.tenant, error: asUnsafe(error) })
      }
    }
    const edges = await this.#edges.load(places)
    const by = deployment.principalTag(byUpkeep.principal).toString('hex')
    const begun = { at: this.#seams.clock.now(), by, actorClass: 'upkeep' } as const
    const appended: AppendedLog[] = []
    const breath = new Breath()
    for (const [i, place] of places.entries()) {
      if (breath.due) await breath.take()
      const { tenant } = place
      try {
        const edge = await this.#checked(place, edges[i]!)
        const opener = await eventOpenerOf(this.#keyring, tenant)
        appended.push(await appendEvents(place, edge, opener, begun))
      } catch (error) {
        this.#edges.drop(place)
        failed.set(tenant.toString('hex'), { tenant, error: asUnsafe(error) })
      }
    }
    this.#seams.reach('ledger.signed')
    return appended
  }

  /** Of a log that begins now: that no head of it is known, and that the head of its former one was signed. */
  async #checkBegun(log: WaitingLog): Promise<void> {
    if (log.size === 0) this.#known.checkNew(log)
    if (log.former === null) return
    const { noteKey } = await this.#keyring.logKey(log.tenant, log.former.line)
    await openCheckpoint(log.former.note, noteKey)
  }

  /** What is appended to is what was signed. Of later parts of one look (no note) the edge is our own. */
  async #checked({ tenant, line, size, note }: WaitingLog, edge: LogEdge | Error): Promise<LogEdge> {
    if (edge instanceof Error) throw edge
    if (note !== null) await this.#known.check({ tenant, line, size, note }, edge.frontier.root())
    return edge
  }

  /** Throws (see `isLogMoved`) when somebody else was faster, and nothing was done. */
  async #append(appended: readonly AppendedLog[]): Promise<number> {
    if (appended.length === 0) return 0
    await this.#call('sequence', appendArguments(appended))
    for (const log of appended) this.#known.add(log)
    this.#seams.reach('ledger.sequenced')
    return appended.reduce((sum, log) => sum + log.entries.filter(({ event }) => event !== null).length, 0)
  }

  async #call<Row extends object>(doorway: string, args: readonly unknown[]): Promise<Row[]> {
    const keys = await this.#keyring.deployment()
    const event = this.#seams.ids.uuid(this.#seams.clock.now())
    const claims = upkeepClaims(keys, keys.commonTag, 0, keys.epoch)
    const call = { doorway, claims, event, args: [...args, await upkeepDetail(keys, event)] }
    const rows = await this.#doorways.read<Row & { readonly outcome: string | null }>(call)
    if (rows[0]?.outcome !== 'ok') throw new MemkeepError('ERR_ACCESS_DENIED', 'upkeep may not keep the log')
    return rows.slice(1)
  }
}

/** When the first of these happened, by its own clock: they stand in the order in which they wait. */
function timeOf([first]: readonly WaitingLog[]): Date | null {
  return first === undefined ? null : new Date(first.events[0]!.at_ms)
}

function eventGone(): MemkeepError {
  return new MemkeepError('ERR_STORE_UNSAFE', 'an event that waits for its place in the log was removed or changed')
}

function otherKey(): MemkeepError {
  return new MemkeepError('ERR_KEY_UNAVAILABLE', 'the log was signed with another key: restore the key store')
}
