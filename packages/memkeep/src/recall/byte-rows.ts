import { dotProducts } from './dot-products.ts'
import { SimdMemory, stripRows } from './simd-memory.ts'

/** From here on rows stand in a WASM memory of their own: reading them there beats copying them in, and one costs 64 KiB. */
const ownMemoryFrom = 1 << 20

/** Copied at once for the kernel to read: it should find them still in the nearest cache. */
const copiedBytes = 1 << 17

/** Where rows are copied that have no WASM memory of their own, by dimension. Null: there is no SIMD. */
const scratches = new Map<number, SimdMemory | null>()

/**
 * Int8 rows of one length, one after another, for a kernel to read. Small ones stand in a plain array and are copied to the
 * SIMD kernel in strips. Where there is no SIMD, and where there is no address space for another WASM memory, everything
 * works the same but for speed.
 */
export class ByteRows {
  readonly #dims: number
  /** Rows that one strip holds when they are copied. */
  readonly #copied: number
  #plain: Int8Array = new Int8Array(0)
  #own: SimdMemory | null = null

  constructor(dims: number) {
    this.#dims = dims
    this.#copied = Math.min(stripRows, Math.max(1, Math.floor(copiedBytes / dims)))
  }

  /** Memory taken. */
  get bytes(): number {
    return this.#own?.bytes ?? this.#plain.byteLength
  }

  /** All rows there is room for. Not to be kept: the next growth may put them elsewhere. */
  get all(): Int8Array {
    return this.#own?.rows ?? this.#plain
  }

  /** Makes room for that many rows in all; new ones are zeros. */
  grow(rows: number): void {
    if (this.#own?.grow(rows)) return
    const before = this.all
    const own = rows * this.#dims < ownMemoryFrom ? null : SimdMemory.open(this.#dims, rows)
    const room = own?.rows ?? new Int8Array(rows * this.#dims)
    room.set(before)
    this.#own = own
    this.#plain = own ? new Int8Array(0) : room
  }

  /**
   * The dot products of `query` with the first `count` rows, strip by strip: `take` gets the number of the first row of each,
   * how many there are, and an array that begins with their products, which it must not keep. See `dotProducts` for what a
   * query may be.
   */
  eachStrip(
    query: Int16Array,
    count: number,
    take: (first: number, count: number, products: Int32Array) => void,
  ): void {
    const multiply = this.#multiplier(query)
    const strip = this.#own ? stripRows : this.#copied
    for (let first = 0; first < count; first += strip) {
      const rows = Math.min(strip, count - first)
      take(first, rows, multiply(first, rows))
    }
  }

  /** The dot products of `query` with the rows at these places, in their order. */
  dotProductsAt(query: Int16Array, places: readonly number[]): Int32Array {
    const multiply = this.#multiplier(query)
    return Int32Array.from(places, (place) => multiply(place, 1)[0]!)
  }

  /** Multiplies `query` with some rows, as many as one strip may hold, into memory that its next call uses again. */
  #multiplier(query: Int16Array): (first: number, count: number) => Int32Array {
    const rows = (first: number, count: number): Int8Array =>
      this.#plain.subarray(first * this.#dims, (first + count) * this.#dims)
    const memory = this.#own ?? this.#scratch()
    if (memory === null) return (first, count) => dotProducts(rows(first, count), query)
    memory.setQuery(query)
    if (this.#own) return (first, count) => memory.dotProducts(first, count)
    const room = memory.rows
    return (first, count) => {
      room.set(rows(first, count))
      return memory.dotProducts(0, count)
    }
  }

  #scratch(): SimdMemory | null {
    let found = scratches.get(this.#dims)
    if (found === undefined) {
      found = SimdMemory.open(this.#dims, this.#copied)
      scratches.set(this.#dims, found)
    }
    return found
  }
}
