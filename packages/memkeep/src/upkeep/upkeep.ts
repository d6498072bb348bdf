import type pg from 'pg'
import type { Witness } from '../audit/witness.ts'
import { MemkeepError } from '../core/errors.ts'
import { RefusedTokens } from '../core/refused-tokens.ts'
import type { Seams } from '../core/seams.ts'
import type { Keyring } from '../keys/keyring.ts'
import { Doorways } from '../store/doorways.ts'
import { forgetTokenKeys, installTokenKeys, verifyingKeys } from '../store/token-keys.ts'
import { type RemoveValues, removeDroppedValues } from './dropped-values.ts'
import { dueRebuilds, type Rebuilding } from './due-rebuilds.ts'
import type { DueEpisodes } from './due-shelves.ts'
import { expireKeys } from './expire-keys.ts'
import type { LogCaller } from './log-call.ts'
import { type EntryRebuilding, rebuildEntries } from './rebuild-entries.ts'
import { type ReadsKept, Retention, type RetentionReport } from './retention.ts'
import { Sequencer } from './sequencer.ts'
import { sweepShelves } from './sweep-shelves.ts'
import { Thinning } from './thin-checkpoints.ts'
import { TickWatch } from './tick-watch.ts'
import type { UpkeepCounts, UpkeepReport } from './upkeep-report.ts'
import { type Filling, VectorQueue } from './vector-queue.ts'
import { WitnessedHead } from './witnessed-head.ts'

export interface UpkeepOptions {
  readonly refused?: RefusedTokens
  /** Null: reads stay in the database. */
  readonly retention?: ReadsKept | null
  /** Null: nobody remembers the log's head elsewhere. */
  readonly witness?: Witness | null
  /** How long an event may wait for its place in the log before `checkLag` refuses. Default: for ever. */
  readonly mostLagMs?: number
}

/** What runs without a caller: token keys for the database, removal of what has expired, the ledger. Several may run. */
export class Upkeep {
  readonly #pool: pg.Pool
  readonly #caller: LogCaller
  readonly #doorways: Doorways
  readonly #keyring: Keyring
  readonly #seams: Seams
  #erase: () => Promise<number> = async () => 0
  #retire: () => Promise<number> = async () => 0
  #distil: (due: DueEpisodes) => Promise<number> = async () => 0
  #vectors: VectorQueue | null = null
  readonly #sequencer: Sequencer
  #rebuilding: Rebuilding | null = null
  #entries: EntryRebuilding | null = null
  readonly #retention: Retention | null
  #removeValues: RemoveValues | null = null
  readonly #thinning: Thinning
  readonly #ticks: TickWatch
  readonly #witnessed: WitnessedHead | null
  readonly #mostLagMs: number
  #rolledBack: (error: MemkeepError) => void = () => {}
  /** What the witness refused this database with: nothing is signed any more, nor anything else done. */
  #refusal: MemkeepError | null = null
  readonly #failed = { passes: 0, sequencing: 0 }

  /** `pool` is of the login `memkeep_upkeep`. */
  constructor(
    pool: pg.Pool,
    keyring: Keyring,
    seams: Seams,
    { refused = new RefusedTokens(), retention = null, witness = null, mostLagMs = Infinity }: UpkeepOptions = {},
  ) {
    this.#pool = pool
    this.#keyring = keyring
    this.#seams = seams
    this.#mostLagMs = mostLagMs
    this.#doorways = new Doorways(pool, (window) => keyring.tokenKey(window), seams.clock, seams.ids, { refused })
    this.#sequencer = new Sequencer(this.#doorways, keyring, seams, witness !== null)
    this.#retention = retention === null ? null : new Retention(this.#doorways, keyring, seams, retention)
    this.#caller = { doorways: this.#doorways, keyring, seams }
    this.#thinning = new Thinning(this.#caller)
    this.#ticks = new TickWatch(this.#caller, mostLagMs)
    this.#witnessed = witness === null ? null : new WitnessedHead(this.#caller, witness)
  }

  oldestWaiting(): Promise<Date | null> {
    return this.#sequencer.oldestWaiting()
  }

  /** Throws `ERR_AUDIT_UNAVAILABLE` when an event waits for its place for longer than passes that succeed would let it; what `TickWatch.check` does. */
  async checkLag(): Promise<void> {
    if ((await this.#sequencer.lagMs()) > this.#mostLagMs) {
      throw new MemkeepError('ERR_AUDIT_UNAVAILABLE', 'events wait too long for their place in the log', {
        retryable: true,
      })
    }
    await this.#ticks.check()
  }

  /** Gives every event that waits its place in its tenant's log. Throws the first failure once the rest is done. */
  async sequence(): Promise<number> {
    try {
      if (this.#refusal !== null) throw this.#refusal
      return await this.#sequencer.run()
    } catch (error) {
      this.#failed.sequencing++
      throw error
    }
  }

  counts(): UpkeepCounts {
    const { passes, sequencing } = this.#failed
    const { unsignedLogs } = this.#sequencer
    const counts = { failedPasses: passes, failedSequencing: sequencing, unsignedLogs }
    const waiting = this.#vectors?.waiting ?? null
    return Object.freeze(waiting === null ? counts : { ...counts, waitingShelves: waiting })
  }

  /** Told when the database was set back behind what the witness saw. */
  onRolledBack(told: (error: MemkeepError) => void): void {
    this.#rolledBack = told
  }

  /** What distils the episodes of a shelf that is due, before it is swept, and returns how many it looked at. */
  distilsBy(distil: (due: DueEpisodes) => Promise<number>): void {
    this.#distil = distil
  }

  /** What embeds the memories of a shelf that wait for it. */
  embedsBy(filling: Filling): void {
    this.#vectors = new VectorQueue(this.#caller, filling)
  }

  /** What goes on with erasures, and returns how many it finished. */
  resumesErasuresBy(erase: () => Promise<number>): void {
    this.#erase = erase
  }

  /**
   * One pass over everything that is due. A shelf that cannot be swept (its tenant's keys are gone, say) holds up no other:
   * the first such error is thrown once the rest is done.
   */
  async run(): Promise<UpkeepReport> {
    this.#ticks.begin()
    try {
      if (this.#refusal !== null) throw this.#refusal
      return await this.#pass()
    } catch (error) {
      this.#ticks.ended()
      this.#failed.passes++
      throw error
    }
  }

  async #pass(): Promise<UpkeepReport> {
    await this.installKeys()
    const failures: unknown[] = []
    // First: in a database that was set back nothing is swept, erased or signed.
    await this.#askWitness(failures, (witnessed) => witnessed.prove())
    const { expired, swept, distilled } = await sweepShelves(this.#caller, this.#distil, failures)
    const filled = await this.#vectors?.pass(failures)
    const erased = await this.#erase().catch((error: unknown) => {
      failures.push(error)
      return 0
    })
    const rebuilt = await this.#rebuild(failures)
    const failed = (error: unknown) => void failures.push(error)
    await this.#removeDropped(failures)
    await this.#retireKeys().catch(failed)
    const sequenced = await this.sequence().catch((error: unknown) => {
      failures.push(error)
      return 0
    })
    await this.#sequencer.tick().then(() => this.#ticks.made(), failed)
    const keys = await expireKeys(this.#caller)
    await this.#askWitness(failures, async (witnessed) => {
      await this.#sequencer.noteTicked(await witnessed.proveAndNote())
    })
    await this.#thinning.run().catch(failed)
    const { archived, emptied } = await this.#putReadsAway(failures)
    if (failures.length > 0) throw failures[0]
    return {
      expired,
      swept,
      distilled,
      erased,
      sequenced,
      keys,
      archived,
      emptied,
      ...filled,
      ...(rebuilt === null ? {} : { rebuilt }),
    }
  }

  /** What a witness says goes before any other failure. Throws `ERR_STORE_ROLLED_BACK`, and remembers it. */
  async #askWitness(failures: unknown[], ask: (witnessed: WitnessedHead) => Promise<unknown>): Promise<void> {
    if (this.#witnessed === null) return
    try {
      await ask(this.#witnessed)
    } catch (error) {
      failures.unshift(error)
      if (!(error instanceof MemkeepError) || error.code !== 'ERR_STORE_ROLLED_BACK') return
      this.#refusal = error
      this.#rolledBack(error)
      throw error
    }
  }

  async #putReadsAway(failures: unknown[]): Promise<RetentionReport> {
    try {
      if (this.#retention !== null) return await this.#retention.run()
    } catch (error) {
      failures.push(error)
    }
    return { archived: 0, emptied: 0 }
  }

  /** What is due, until nothing is: one whose source is rebuilt here becomes due by that. */
  async #rebuild(failures: unknown[]): Promise<number | null> {
    if (this.#rebuilding === null && this.#entries === null) return null
    const entries = this.#entries === null ? 0 : await rebuildEntries(this.#caller, this.#entries, failures)
    return entries + (this.#rebuilding === null ? 0 : await this.#rebuildArtifacts(this.#rebuilding, failures))
  }

  async #rebuildArtifacts(rebuilding: Rebuilding, failures: unknown[]): Promise<number> {
    const keys = await this.#keyring.deployment()
    let rebuilt = 0
    for (;;) {
      const due = await dueRebuilds(this.#doorways, keys, this.#seams, rebuilding.kinds)
      if (due.length === 0) return rebuilt
      for (const row of due) {
        try {
          const ended = await rebuilding.rebuild(await this.#keyring.tenantByTag(row.tenant), row)
          if (ended === 'rebuilt' || ended === 'dropped') rebuilt++
        } catch (error) {
          failures.push(error)
        }
      }
    }
  }

  /** Rebuilds what is due; null when this process rebuilds nothing. A failure of one keeps no other, and shows at the next pass. */
  rebuildDue(): Promise<number | null> {
    return this.#rebuild([])
  }

  /** From now on each pass removes from the cache what nobody can read any more, and the keys of versions that nobody can. */
  removesBy(removeValues: RemoveValues, retireKeys: () => Promise<number>): void {
    this.#removeValues = removeValues
    this.#retire = retireKeys
  }

  async #retireKeys(): Promise<void> {
    const refused = await this.#retire()
    if (refused === 0) return
    throw new MemkeepError(
      'ERR_SEAL_BROKEN',
      `${refused} notes of ended versions name what has not ended: not followed`,
    )
  }

  async #removeDropped(failures: unknown[]): Promise<void> {
    if (this.#removeValues === null) return
    try {
      await removeDroppedValues(this.#doorways, await this.#keyring.deployment(), this.#seams, this.#removeValues)
    } catch (error) {
      failures.push(error)
    }
  }

  /** From now on each pass rebuilds what is hidden of these kinds. */
  rebuildWith(rebuilding: Rebuilding): void {
    this.#rebuilding = rebuilding
  }

  /** As `rebuildWith`, of entries of the deployment's library. */
  rebuildEntriesWith(entries: EntryRebuilding): void {
    this.#entries = entries
  }

  /** After a restore: tokens are signed with other keys from now on. Other processes are refused until they look again. */
  async replaceTokenKeys(): Promise<void> {
    await this.#keyring.replaceTokenRoot()
    await forgetTokenKeys(this.#pool)
    await this.installKeys()
  }

  async installKeys(): Promise<void> {
    await installTokenKeys(this.#pool, await verifyingKeys((window) => this.#keyring.tokenKey(window)))
    this.#seams.reach('upkeep.keys-installed')
  }
}
