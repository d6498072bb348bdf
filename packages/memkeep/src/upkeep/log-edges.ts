import { treeHash } from '../audit/node-sha256.ts'
import type { LogKey } from '../keys/log-key.ts'
import { Frontier } from '../proof/frontier.ts'
import { proofInvalid } from '../proof/proof-invalid.ts'
import { TileAppender } from '../proof/tile-appender.ts'
import { tileWidth } from '../proof/tile-path.ts'
import { tileHashes } from '../proof/tile-tree.ts'
import { byteaArray, int8Array } from '../store/wire-arrays.ts'

/** A log as it stands: the next leaf is the `size`-th. */
export interface LogPlace {
  readonly tenant: Buffer
  readonly line: number
  readonly size: number
  readonly key: LogKey
}

/** What is needed to append to a log of a size: the tiles that are not full, and the hashes that its root is made of. */
export interface LogEdge {
  readonly appender: TileAppender
  readonly frontier: Frontier
}

interface EdgeRow {
  /** Which of the logs asked for, from 1. */
  readonly place: number
  readonly level: number
  readonly hashes: Buffer
}

/** Logs whose edges are kept at a time. Each takes up to 256 hashes a level. */
const mostKept = 2_000
const edgesAtOnce = 200

/** The right edges of logs, read once and kept while this process alone appends. */
export class LogEdges {
  readonly #read: (args: readonly unknown[]) => Promise<EdgeRow[]>
  readonly #kept = new Map<string, LogEdge>()

  constructor(read: (args: readonly unknown[]) => Promise<EdgeRow[]>) {
    this.#read = read
  }

  /**
   * The edges of some logs, read where they are not kept, or are kept of another size. They move with what is appended: drop those
   * for which that is not committed. What does not hold together in the database is an error (`ERR_PROOF_INVALID`) of that log alone.
   */
  async load(places: readonly LogPlace[]): Promise<(LogEdge | Error)[]> {
    const unknown = places.filter((place) => this.#kept.get(nameOf(place))?.appender.size !== place.size)
    const read = new Map<string, LogEdge | Error>()
    for (let start = 0; start < unknown.length; start += edgesAtOnce) {
      const some = unknown.slice(start, start + edgesAtOnce)
      const rows = some.every(({ size }) => size === 0) ? [] : await this.#readEdges(some)
      for (const [i, place] of some.entries()) {
        const own = rows.filter((row) => row.place === i + 1)
        read.set(nameOf(place), tryEdgeOf(place.size, own))
      }
    }
    const edges = places.map((place) => read.get(nameOf(place)) ?? this.#kept.get(nameOf(place))!)
    for (const [i, place] of places.entries()) {
      const edge = edges[i]!
      if (edge instanceof Error) this.drop(place)
      else this.#keep(place, edge)
    }
    // A run may need more at once than are kept from run to run.
    for (const name of this.#kept.keys()) {
      if (this.#kept.size <= Math.max(mostKept, places.length)) break
      this.#kept.delete(name)
    }
    return edges
  }

  drop(place: Pick<LogPlace, 'tenant' | 'line'>): void {
    this.#kept.delete(nameOf(place))
  }

  #readEdges(places: readonly LogPlace[]): Promise<EdgeRow[]> {
    return this.#read([
      byteaArray(places.map(({ tenant }) => tenant)),
      int8Array(places.map(({ line }) => line)),
      int8Array(places.map(({ size }) => size)),
    ])
  }

  /** As the one that was asked for last. */
  #keep(place: LogPlace, edge: LogEdge): void {
    const name = nameOf(place)
    this.#kept.delete(name)
    this.#kept.set(name, edge)
  }
}

function tryEdgeOf(size: number, rows: readonly EdgeRow[]): LogEdge | Error {
  try {
    return edgeOf(size, rows)
  } catch {
    return proofInvalid('its right edge does not hold together')
  }
}

function edgeOf(size: number, rows: readonly EdgeRow[]): LogEdge {
  const frontier = new Frontier(treeHash)
  for (const { level, hashes } of rows) {
    const width = hashes.length / 32
    for (const hash of tileHashes(hashes, { level, index: 0, width })) frontier.append(hash, tileWidth ** level)
  }
  return {
    appender: new TileAppender(
      treeHash,
      size,
      rows.map(({ hashes }) => hashes),
    ),
    frontier,
  }
}

function nameOf({ tenant, line }: Pick<LogPlace, 'tenant' | 'line'>): string {
  return `${tenant.toString('hex')}/${line}`
}
