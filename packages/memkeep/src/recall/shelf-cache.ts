import type { Clock } from '../core/clock.ts'
import { heeding } from './heeding.ts'
import { HeldShelves } from './held-shelves.ts'
import type { Shelf } from './shelf.ts'
import { Turns } from './turns.ts'

/** What a read of a shelf is told, and asks. */
export interface LoadControl {
  /** To be asked each time that the shelf has grown, with `shelf.bytes`. False: there is no room, stop reading. */
  readonly fits: (bytes: number) => boolean
  /** Aborted when nobody waits for the shelf any more. */
  readonly signal: AbortSignal
}

/** A snapshot. Counts are since the cache was made; the rest is what stands now. */
export interface ShelfStats {
  /** Look-ups that found a shelf. */
  readonly hits: number
  /** Look-ups that did not; several may have shared one load. */
  readonly misses: number
  /** Reads of a whole shelf that were begun to hold it. */
  readonly loads: number
  /** Reads of a shelf that was not held because there was no room. */
  readonly streams: number
  /** Shelves that had to go: for room, or because the database had not confirmed them for long enough. */
  readonly evictions: number
  /** Entries met that did not open and were left out, each time they were met. */
  readonly broken: number
  /** Shelves held. */
  readonly shelves: number
  /**
   * Estimate of what they take in memory, those being read included, and what is being read by streaming. More than
   * `budgetBytes` by the latter alone, for which no tenant's last shelves go.
   */
  readonly bytes: number
  readonly budgetBytes: number
}

interface Load {
  shelf: Promise<Shelf | null>
  readonly stop: AbortController
  waiting: number
  /** False once the key was dropped or another shelf was put there: what comes is not held. */
  wanted: boolean
}

/** At most so many shelves are streamed at a time, and one of each tenant. */
const streamsAtOnce = 4
/** Shelves of which it is remembered that they found no room. */
const notedShelves = 10_000

/**
 * Opened shelves by key, `<tenant>/<rest>`, within a budget of bytes (`HeldShelves` says who goes first; a floor is an eighth of
 * it unless said otherwise). There is no timer inside: whoever holds the cache calls `dropUnconfirmed` now and then.
 */
export class ShelfCache<Key extends string> {
  readonly #budgetBytes: number
  readonly #longestMs: number
  readonly #clock: Clock
  readonly #held: HeldShelves
  readonly #loading = new Map<Key, Load>()
  /** Where a shelf found no room, oldest first: it may have shrunk since, so this is believed for `longestMs`. */
  readonly #noRoom = new Map<Key, { readonly bytes: number; readonly atMs: number }>()
  readonly #streams = new Turns(streamsAtOnce)
  readonly #count = { hits: 0, misses: 0, loads: 0, streams: 0, broken: 0 }

  /** `longestMs`: for so long a shelf is held that the database does not confirm. */
  constructor(options: { budgetBytes: number; longestMs: number; clock: Clock; floorBytes?: number }) {
    const { budgetBytes, longestMs, clock, floorBytes = Math.floor(budgetBytes / 8) } = options
    this.#budgetBytes = budgetBytes
    this.#longestMs = longestMs
    this.#clock = clock
    this.#held = new HeldShelves(budgetBytes, floorBytes)
  }

  /** The held shelf, which counts as used. */
  get(key: Key): Shelf | undefined {
    const held = this.#held.get(key)
    if (held === undefined || held.confirmedAtMs <= this.#longestSince()) {
      this.#count.misses++
      return undefined
    }
    this.#count.hits++
    this.#held.hold(key, held.shelf, held.confirmedAtMs)
    return held.shelf
  }

  /** The database answered a call about this very shelf that was begun then: it may be held for as long again from there. */
  confirm(key: Key, shelf: Shelf, askedMs: number): void {
    const held = this.#held.get(key)
    if (held?.shelf === shelf) held.confirmedAtMs = Math.max(held.confirmedAtMs, askedMs)
  }

  /** The held shelf, for a change to it; no look-up is counted. Say `put` afterwards: it may take more memory now. */
  peek(key: Key): Shelf | undefined {
    return this.#held.get(key)?.shelf
  }

  /**
   * Holds a shelf in the place of the one with that key, if there is room. A load of that key that is under way is no longer kept. `askedMs`: as of `confirm`; when absent, what the one
   * in whose place it is held was confirmed by.
   */
  put(key: Key, shelf: Shelf, askedMs = this.#held.get(key)?.confirmedAtMs ?? this.#clock.now()): void {
    this.#disown(key)
    this.#held.hold(key, shelf, askedMs)
  }

  /**
   * The held shelf, or the one that `read` answers, which is then held; null when there is no room for it (`read` answers null
   * once `fits` was false). Callers that come while a load is under way share it and its failure; no caller's
   * `signal` ends another's. A failure is not remembered. When the key is dropped during the load, those who wait get
   * the shelf, and it is not kept.
   */
  async load(
    key: Key,
    read: (control: LoadControl) => Promise<Shelf | null>,
    signal?: AbortSignal,
  ): Promise<Shelf | null> {
    const held = this.get(key)
    if (held) return held
    let load = this.#loading.get(key)
    if (load === undefined) {
      const noRoom = this.#noRoom.get(key)
      if (noRoom && noRoom.atMs > this.#longestSince() && this.#held.limit <= noRoom.bytes) return null
      load = this.#begin(key, read)
    }
    load.waiting++
    try {
      return await heeding(load.shelf, signal)
    } finally {
      if (--load.waiting === 0) {
        // Nobody waits: whoever comes next begins anew.
        this.#disown(key, load)
        load.stop.abort()
      }
    }
  }

  /**
   * Runs a read of a shelf that is not held. Few run at a time, one of each tenant, in the order in which they came. What one keeps
   * in memory it says by `keeps`, in bytes, each time that it has grown: until the read ends other shelves make room for it.
   */
  stream<T>(key: Key, read: (keeps: (bytes: number) => void) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#streams.take(
      tenantOf(key),
      async () => {
        this.#count.streams++
        let kept = 0
        const keeps = (bytes: number): void => {
          this.#held.countBeside(bytes - kept)
          kept = bytes
        }
        try {
          return await read(keeps)
        } finally {
          keeps(0)
        }
      },
      signal,
    )
  }

  countBroken(entries: number): void {
    this.#count.broken += entries
  }

  /**
   * Forgets a shelf, with a tenant's name all of its shelves, or those whose keys begin with what ends in `/`, also where the load is still under way. Not counted as
   * evictions.
   */
  drop(what: Key | string): void {
    const isPrefix = what.endsWith('/')
    if (isPrefix) this.#held.releaseBeginning(what)
    else if (what.includes('/')) this.#held.release(what)
    else this.#held.releaseTenant(what)
    const isMeant = (key: Key) => key === what || tenantOf(key) === what || (isPrefix && key.startsWith(what))
    for (const key of this.#loading.keys()) if (isMeant(key)) this.#disown(key)
    for (const key of this.#noRoom.keys()) if (isMeant(key)) this.#noRoom.delete(key)
  }

  clear(): void {
    this.#held.clear()
    this.#noRoom.clear()
    for (const key of this.#loading.keys()) this.#disown(key)
  }

  /** Lets go of every shelf that was not confirmed for `longestMs`, and forgets which found no room so long ago. */
  dropUnconfirmed(): void {
    this.#held.releaseUnconfirmedSince(this.#longestSince())
    for (const [key, { atMs }] of this.#noRoom) if (atMs <= this.#longestSince()) this.#noRoom.delete(key)
  }

  get stats(): ShelfStats {
    const { size: shelves, bytes, evictions } = this.#held
    return Object.freeze({ ...this.#count, evictions, shelves, bytes, budgetBytes: this.#budgetBytes })
  }

  #begin(key: Key, read: (control: LoadControl) => Promise<Shelf | null>): Load {
    this.#count.loads++
    const stop = new AbortController()
    const load: Load = { shelf: Promise.resolve(null), stop, waiting: 0, wanted: true }
    this.#loading.set(key, load)
    load.shelf = this.#read(key, read, load)
    // Those who wait are told; when nobody does, nobody needs to be.
    load.shelf.catch(() => {})
    return load
  }

  async #read(key: Key, read: (control: LoadControl) => Promise<Shelf | null>, load: Load): Promise<Shelf | null> {
    const room = this.#held.reserve(key)
    const askedMs = this.#clock.now()
    let largest = 0
    const fits = (bytes: number): boolean => {
      largest = Math.max(largest, bytes)
      return this.#held.grow(room, bytes)
    }
    try {
      const shelf = await read({ fits, signal: load.stop.signal })
      this.#held.free(room)
      if (load.wanted && shelf === null) this.#noteNoRoom(key, largest)
      if (load.wanted && shelf !== null) this.#held.hold(key, shelf, askedMs)
      return shelf
    } catch (error) {
      this.#held.free(room)
      throw error
    } finally {
      this.#disown(key, load)
    }
  }

  /** What a load brings, if it is the one given, is not held. */
  #disown(key: Key, only = this.#loading.get(key)): void {
    if (only === undefined) return
    only.wanted = false
    if (this.#loading.get(key) === only) this.#loading.delete(key)
  }

  #noteNoRoom(key: Key, bytes: number): void {
    this.#noRoom.delete(key)
    this.#noRoom.set(key, { bytes, atMs: this.#clock.now() })
    if (this.#noRoom.size > notedShelves) this.#noRoom.delete(this.#noRoom.keys().next().value!)
  }

  #longestSince(): number {
    return this.#clock.now() - this.#longestMs
  }
}

function tenantOf(key: string): string {
  return key.slice(0, key.indexOf('/'))
}
