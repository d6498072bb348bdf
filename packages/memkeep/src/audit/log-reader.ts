import { MemkeepError } from '../core/errors.ts'
import { type Tile, tileWidth } from '../proof/tile-path.ts'
import { TileTree } from '../proof/tile-tree.ts'
import { int2Array, int8Array } from '../store/wire-arrays.ts'
import { treeHash } from './node-sha256.ts'

/** A row that doorway `read_log` brings. */
export interface LogRow {
  /** 0 the outcome, 1 a checkpoint, 2 a tile, 3 an entry. */
  readonly part: number
  readonly outcome: string | null
  /** Size of the checkpoint, index of the tile, place of the entry. */
  readonly at: number
  readonly note: string
  readonly level: number
  readonly hashes: Buffer | null
  readonly event: string | null
  readonly entry: Buffer | null
}

/** One leaf; `entry` is null when it was pruned. */
export interface LogEntry {
  readonly event: string | null
  readonly entry: Buffer | null
}

/** Calls doorway `read_log` with what follows the token, but for the detail; whoever brings it judges the outcome. */
export type ReadLog = (args: readonly unknown[]) => Promise<readonly LogRow[]>

/** Full tiles that are asked for at a time, and entries: some hundred kilobytes each. */
const tilesAtOnce = 64
const entriesAtOnce = 4_096

/** One log as it stood at a size. Keeps the tiles that it read: 32 bytes for each leaf, at most. */
export class LogReader {
  readonly #read: ReadLog
  readonly #line: number
  readonly size: number
  readonly #tiles = new Map<string, Buffer>()
  #page: { readonly first: number; readonly entries: readonly LogEntry[] } = { first: 0, entries: [] }

  constructor(read: ReadLog, line: number, size: number) {
    this.#read = read
    this.#line = line
    this.size = size
  }

  /** Signed checkpoints by size, rising, up to the reader's. */
  async checkpoints(): Promise<Map<number, string>> {
    const rows = await this.#ask({ checkpoints: true })
    return new Map(rows.filter(({ part }) => part === 1).map(({ at, note }) => [at, note]))
  }

  /** Roots and proofs of this log, for any size up to its own. */
  tree(): TileTree {
    return new TileTree(treeHash, this.size, (tile) => this.tile(tile))
  }

  async tile({ level, index }: Tile): Promise<Buffer> {
    if (level === 'entries') throw new RangeError('entries are no tile of hashes')
    const known = this.#tiles.get(`${level}/${index}`)
    if (known !== undefined) return known
    const last = Math.ceil(Math.floor(this.size / tileWidth ** level) / tileWidth)
    const indices = Array.from({ length: Math.min(tilesAtOnce, last - index) }, (_, i) => index + i)
    for (const row of await this.#ask({ levels: indices.map(() => level), indices })) {
      if (row.part === 2 && row.hashes !== null) this.#tiles.set(`${row.level}/${row.at}`, row.hashes)
    }
    const found = this.#tiles.get(`${level}/${index}`)
    if (found === undefined) throw new MemkeepError('ERR_PROOF_INVALID', 'a part of the tree is not in the database')
    return found
  }

  /** The leaves from `start` up to and without `end`, as far as there are that many. */
  async entries(start: number, end: number): Promise<LogEntry[]> {
    const found: LogEntry[] = []
    while (start + found.length < Math.min(end, this.size)) {
      const at = start + found.length
      const { first, entries } = this.#page
      if (at < first || at >= first + entries.length) await this.#turn(at)
      else found.push(...entries.slice(at - first, end - first))
    }
    return found
  }

  async #turn(first: number): Promise<void> {
    const rows = await this.#ask({ from: first, to: first + entriesAtOnce })
    const found = new Map(rows.filter(({ part }) => part === 3).map((row) => [row.at, row]))
    // A row of the pruned part may be gone as a whole.
    const entries = Array.from({ length: Math.min(entriesAtOnce, this.size - first) }, (_, i) => {
      return found.get(first + i) ?? { event: null, entry: null }
    })
    this.#page = { first, entries }
  }

  #ask(what: {
    readonly checkpoints?: boolean
    readonly levels?: readonly number[]
    readonly indices?: readonly number[]
    readonly from?: number
    readonly to?: number
  }): Promise<readonly LogRow[]> {
    const { checkpoints = false, levels = [], indices = [], from = 0, to = 0 } = what
    return this.#read([this.#line, this.size, checkpoints, int2Array(levels), int8Array(indices), from, to])
  }
}
