import type { Clock } from '../core/clock.ts'

/** A reader whom searches showed so much of what it reads within `withinMs` walks it. */
const share = 0.5
/** Below this, ordinary talk comes round. */
const least = 50
/** Whoever is shown so many walks, however much there is. */
const most = 20_000
const withinMs = 3_600_000
const mostReaders = 10_000
/** Ids held for all readers together: 36 characters each. */
const mostIds = 100_000

/** Counts since the keep was opened. */
export interface DisclosureCounts {
  /** Calls refused because their principal's budget was used up. */
  readonly refused: number
  /** Readers whose searches were seen to walk what they read: each once an hour. */
  readonly enumerations: number
}

interface Shown {
  readonly untilMs: number
  readonly ids: Set<string>
  told: boolean
}

/**
 * What searches of this process showed to whom, to recognise one that walks a shelf: many queries, each of which brings others. Ids alone, for an
 * hour; a remark for people, no wall.
 */
export class Disclosures {
  readonly #clock: Clock
  readonly #readers = new Map<string, Shown>()
  #ids = 0
  #refused = 0
  #enumerations = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  noteRefused(): void {
    this.#refused++
  }

  /**
   * Notes what a search showed to a reader out of `readable` memories. Returns how many different ones that makes within the hour when it is told
   * by this that the reader walks them, which is once an hour; else null.
   */
  noteSearch(reader: string, ids: readonly string[], readable: number): number | null {
    if (ids.length === 0 || readable < least) return null
    const shown = this.#of(reader)
    if (shown.told) return null
    for (const id of ids) {
      if (shown.ids.has(id)) continue
      shown.ids.add(id)
      this.#ids++
    }
    this.#forgetOldest()
    const { size } = shown.ids
    if (size < least || size < Math.min(readable * share, most)) return null
    shown.told = true
    this.#ids -= size
    shown.ids.clear()
    this.#enumerations++
    return size
  }

  counts(): DisclosureCounts {
    return Object.freeze({ refused: this.#refused, enumerations: this.#enumerations })
  }

  #of(reader: string): Shown {
    const known = this.#readers.get(reader)
    if (known !== undefined && known.untilMs > this.#clock.now()) return known
    if (known !== undefined) this.#drop(reader, known)
    const begun: Shown = { untilMs: this.#clock.now() + withinMs, ids: new Set(), told: false }
    this.#readers.set(reader, begun)
    return begun
  }

  /** In the order in which they began; the one that is noted last stays. */
  #forgetOldest(): void {
    for (const [reader, shown] of this.#readers) {
      if (this.#readers.size <= 1 || (this.#readers.size <= mostReaders && this.#ids <= mostIds)) return
      this.#drop(reader, shown)
    }
  }

  #drop(reader: string, shown: Shown): void {
    this.#readers.delete(reader)
    this.#ids -= shown.ids.size
  }
}
