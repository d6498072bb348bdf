import { randomBytes, randomInt } from 'node:crypto'
import { treeHash } from '../audit/node-sha256.ts'
import { Breath } from '../core/breath.ts'
import { MemkeepError } from '../core/errors.ts'
import type { Seams } from '../core/seams.ts'
import type { Keyring } from '../keys/keyring.ts'
import { type Checkpoint, formatCheckpoint } from '../proof/checkpoint.ts'
import { type DeploymentLeaf, encodeDeploymentLeaf } from '../proof/deployment-leaf.ts'
import { encodeHeadProof } from '../proof/head-proof.ts'
import { HeadTree, headHash, slotsFor } from '../proof/head-tree.ts'
import { toHex } from '../proof/hex.ts'
import { formatInclusionFile } from '../proof/inclusion-file.ts'
import type { LedgerLeaf } from '../proof/ledger-leaf.ts'
import { isLogMoved } from '../store/failure.ts'
import { byteaArray, int8Array, textArray } from '../store/wire-arrays.ts'
import { appendArguments } from './append-arguments.ts'
import { appendEntries, bareEntry } from './append-events.ts'
import { asUnsafe, type KnownHeads } from './known-heads.ts'
import { type LogEdge, LogEdges, type LogPlace } from './log-edges.ts'

/** Calls one of upkeep's doorways of the log, with what follows the token, but for the detail. */
export type CallLog = <Row extends object>(doorway: string, args: readonly unknown[]) => Promise<Row[]>

interface HeadRow {
  readonly tenant: Buffer
  readonly line: number
  readonly size: number
  readonly note: string
  /** Null: no head of this log is anchored yet. */
  readonly anchored: number | null
  /** The key (vkey) of the log that it is anchored in. */
  readonly anchored_in: string | null
}

/** A tenant's head with what will show that the tick committed to it. */
interface SaltedHead {
  readonly row: HeadRow
  readonly head: Checkpoint
  /** Where in the tree of heads, at random: it says nothing of other tenants. */
  readonly slot: number
  readonly salt: Buffer
  readonly hash: Uint8Array
}

/** What a tick committed to: the heads of logs of this line (the lines that a checkpoint signs), by the tag of whose log it is, in hex. */
export interface TickedHeads {
  readonly line: number
  /** Of the deployment's log, with the tick. */
  readonly size: number
  readonly heads: ReadonlyMap<string, string>
}

/** Null: no tick was made. `failed`: the first of the heads that are not what was signed, and were left out. */
export interface Tick {
  readonly ticked: TickedHeads | null
  readonly failed: unknown
}

/** Passes of upkeep come each minute; of two processes' that meet, one makes the tick. */
const leastMs = 45_000
const headsAtOnce = 10_000

/**
 * The deployment's log: each tick is one leaf of one shape that commits to the heads of all tenants' logs. It is made whether or
 * not anything happened: how many ticks there are tells no tenant what others do, and its proof no more than the order of
 * magnitude of their number.
 */
export class DeploymentLog {
  readonly #call: CallLog
  readonly #keyring: Keyring
  readonly #seams: Seams
  readonly #edges: LogEdges
  readonly #known: KnownHeads

  constructor(call: CallLog, keyring: Keyring, seams: Seams, known: KnownHeads) {
    this.#call = call
    this.#keyring = keyring
    this.#seams = seams
    this.#edges = new LogEdges((args) => call('log_edges', args))
    this.#known = known
  }

  /**
   * One tick, unless one was made just now. Throws `ERR_STORE_UNSAFE` when this log itself is not what was signed, or is
   * said to have grown meanwhile and has not.
   */
  async tick(): Promise<Tick> {
    const tenant = await this.#keyring.deploymentLogTag()
    const rows = await this.#heads()
    const own = rows.find((row) => row.tenant.equals(tenant))
    const at = this.#seams.clock.now()
    if (own !== undefined && !(await this.#isDue(own, at))) return { ticked: null, failed: null }
    const line = own?.line ?? 1
    const others = rows.filter((row) => row !== own && row.size > 0)
    const { heads, failed } = await this.#checkedHeads(line, rows, others)
    const leaves: Uint8Array[] = []
    for (const { slot, hash } of heads) leaves[slot] = hash
    const tree = new HeadTree(treeHash, leaves, () => randomBytes(32))
    const place = { tenant, line, size: own?.size ?? 0, key: await this.#keyring.logKey(tenant, line) }
    const edge = await this.#edge(place, own)
    // The last leaf's audit path: the roots of all that is before it, nearest first.
    const path = [...edge.frontier.edge].reverse()
    const entry = encodeDeploymentLeaf({ v: 1, seq: place.size, at, heads: toHex(tree.root()) })
    const appended = await appendEntries(place, edge, [bareEntry(entry)])
    try {
      await this.#call('sequence', appendArguments([appended]))
    } catch (error) {
      this.#edges.drop(place)
      if (!isLogMoved(error)) throw error
      await this.#expectMoved(place)
      return { ticked: null, failed }
    }
    this.#known.add(appended)
    this.#seams.reach('ledger.ticked')
    const proof = formatInclusionFile({ index: place.size, proof: path, checkpoint: appended.note, extra: entry })
    await this.#anchor(heads, tree, place.key.vkey, proof)
    const current = heads.filter(({ row }) => row.line === line)
    const texts = current.map(({ row, head }) => [row.tenant.toString('hex'), formatCheckpoint(head)] as const)
    return { ticked: { line, size: place.size + 1, heads: new Map(texts) }, failed }
  }

  /** The last leaf says when the last tick was made: no column of the database does that was not signed. */
  async #isDue(own: HeadRow, at: number): Promise<boolean> {
    const leaf = JSON.parse((await this.#known.lastLeaf(own)).toString('utf8')) as DeploymentLeaf | LedgerLeaf
    return Math.abs(at - leaf.at) >= leastMs
  }

  /** That somebody else was faster shows in a head that the log's key signed: else whoever owns the database says so, and no tick is ever made. */
  async #expectMoved({ tenant, line, size }: LogPlace): Promise<void> {
    const own = (await this.#heads()).find((row) => row.tenant.equals(tenant))
    if (own === undefined || (own.line === line && own.size === size)) {
      throw new MemkeepError('ERR_STORE_UNSAFE', "the deployment's log is said to have grown, and has not")
    }
    await this.#known.check(own)
  }

  /** The heads of these logs (`rows`, of all that are `standing`) that are what was signed, in slots of their own. */
  async #checkedHeads(
    line: number,
    standing: readonly HeadRow[],
    rows: readonly HeadRow[],
  ): Promise<{ heads: SaltedHead[]; failed: unknown }> {
    const [heads, failures]: [SaltedHead[], unknown[]] = [[], []]
    const slots = randomSlots(rows.length)
    const breath = new Breath()
    for (const [i, row] of rows.entries()) {
      if (breath.due) await breath.take()
      try {
        const head = await this.#known.check(row)
        const salt = randomBytes(32)
        heads.push({ row, head, slot: slots[i]!, salt, hash: headHash(treeHash, head, salt) })
      } catch (error) {
        failures.push(error)
      }
    }
    try {
      this.#known.checkAll(line, standing)
    } catch (error) {
      failures.push(error)
    }
    return { heads, failed: failures[0] ?? null }
  }

  async #edge(place: LogPlace, own: HeadRow | undefined): Promise<LogEdge> {
    const [edge] = (await this.#edges.load([place])) as [LogEdge | Error]
    try {
      if (edge instanceof Error) throw edge
      if (own === undefined) this.#known.checkNew(place)
      else await this.#known.check(own, edge.frontier.root())
      return edge
    } catch (error) {
      this.#edges.drop(place)
      throw asUnsafe(error)
    }
  }

  /** What did not change since it was anchored stays anchored where it is. */
  async #anchor(heads: readonly SaltedHead[], tree: HeadTree, vkey: string, proof: string): Promise<void> {
    const moved = heads.filter(({ row }) => row.anchored !== row.size || row.anchored_in !== vkey)
    const breath = new Breath()
    for (let start = 0; start < moved.length; start += 1_000) {
      const some: { readonly row: HeadRow; readonly head: Uint8Array }[] = []
      for (const { row, slot, salt } of moved.slice(start, start + 1_000)) {
        if (breath.due) await breath.take()
        some.push({ row, head: encodeHeadProof({ slot, salt, path: tree.path(slot) }) })
      }
      await this.#call('anchor_logs', [
        byteaArray(some.map(({ row }) => row.tenant)),
        int8Array(some.map(({ row }) => row.line)),
        int8Array(some.map(({ row }) => row.size)),
        textArray(some.map(({ head }) => Buffer.from(head).toString('utf8'))),
        vkey,
        proof,
      ])
    }
  }

  async #heads(): Promise<HeadRow[]> {
    const found: HeadRow[] = []
    for (let after: Buffer = Buffer.alloc(0); ; after = found.at(-1)!.tenant) {
      const page = await this.#call<HeadRow>('log_heads', [after, headsAtOnce])
      found.push(...page)
      if (page.length < headsAtOnce) return found
    }
  }
}

/** As many different slots of the tree that so many heads make, at random. */
function randomSlots(count: number): number[] {
  const slots = Array.from({ length: slotsFor(count) }, (_, slot) => slot)
  for (let i = 0; i < count; i++) {
    const other = randomInt(i, slots.length)
    ;[slots[i], slots[other]] = [slots[other]!, slots[i]!]
  }
  return slots.slice(0, count)
}
