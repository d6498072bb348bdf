import { randomBytes } from 'node:crypto'
import { treeHash } from '../audit/node-sha256.ts'
import type { Seams } from '../core/seams.ts'
import type { Keyring } from '../keys/keyring.ts'
import { parseCheckpoint } from '../proof/checkpoint.ts'
import { encodeDeploymentLeaf } from '../proof/deployment-leaf.ts'
import { encodeHeadProof } from '../proof/head-proof.ts'
import { HeadTree, headHash } from '../proof/head-tree.ts'
import { toHex } from '../proof/hex.ts'
import { formatInclusionFile } from '../proof/inclusion-file.ts'
import { parseNote } from '../proof/signed-note.ts'
import { isLogMoved } from '../store/failure.ts'
import { byteaArray, int8Array, textArray } from '../store/wire-arrays.ts'
import { appendArguments } from './append-arguments.ts'
import { appendEntries, bareEntry } from './append-events.ts'
import { type LogEdge, LogEdges } from './log-edges.ts'

/** Calls one of upkeep's doorways of the log, with what follows the token, but for the detail. */
export type CallLog = <Row extends object>(doorway: string, args: readonly unknown[]) => Promise<Row[]>

interface HeadRow {
  readonly tenant: Buffer
  readonly line: number
  readonly size: number
  readonly signed_ms: number
  readonly note: string
  /** Null: no head of this log is anchored yet. */
  readonly anchored: number | null
  /** The key (vkey) of the log that it is anchored in. */
  readonly anchored_in: string | null
}

/** A tenant's head with what will show that the tick committed to it. */
interface SaltedHead {
  readonly row: HeadRow
  readonly salt: Buffer
  readonly hash: Uint8Array
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

  constructor(call: CallLog, keyring: Keyring, seams: Seams) {
    this.#call = call
    this.#keyring = keyring
    this.#seams = seams
    this.#edges = new LogEdges((args) => call('log_edges', args))
  }

  /** One tick, unless one was made just now. */
  async tick(): Promise<void> {
    const tenant = await this.#keyring.deploymentLogTag()
    const rows = await this.#heads()
    const own = rows.find((row) => row.tenant.equals(tenant))
    const at = this.#seams.clock.now()
    if (own !== undefined && Math.abs(at - own.signed_ms) < leastMs) return
    const heads = rows.filter((row) => row !== own && row.size > 0).map(salted)
    const tree = new HeadTree(
      treeHash,
      heads.map(({ hash }) => hash),
      () => randomBytes(32),
    )
    const line = own?.line ?? 1
    const place = { tenant, line, size: own?.size ?? 0, key: await this.#keyring.logKey(tenant, line) }
    const [edge] = (await this.#edges.load([place])) as [LogEdge]
    // The last leaf's audit path: the roots of all that is before it, nearest first.
    const path = [...edge.frontier.edge].reverse()
    const entry = encodeDeploymentLeaf({ v: 1, seq: place.size, at, heads: toHex(tree.root()) })
    const appended = await appendEntries(place, edge, [bareEntry(entry)])
    try {
      await this.#call('sequence', appendArguments([appended]))
    } catch (error) {
      this.#edges.drop(place)
      if (isLogMoved(error)) return
      throw error
    }
    this.#seams.reach('ledger.ticked')
    const proof = formatInclusionFile({ index: place.size, proof: path, checkpoint: appended.note, extra: entry })
    await this.#anchor(heads, tree, place.key.vkey, proof)
  }

  /** What did not change since it was anchored stays anchored where it is. */
  async #anchor(heads: readonly SaltedHead[], tree: HeadTree, vkey: string, proof: string): Promise<void> {
    const moved = heads.flatMap(({ row, salt }, slot) => {
      if (row.anchored === row.size && row.anchored_in === vkey) return []
      return [{ row, head: encodeHeadProof({ slot, salt, path: tree.path(slot) }) }]
    })
    for (let start = 0; start < moved.length; start += 1_000) {
      const some = moved.slice(start, start + 1_000)
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

function salted(row: HeadRow): SaltedHead {
  const salt = randomBytes(32)
  return { row, salt, hash: headHash(treeHash, parseCheckpoint(parseNote(row.note).text), salt) }
}
