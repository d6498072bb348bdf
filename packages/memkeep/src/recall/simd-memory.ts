import { simdBytes } from './simd-bytes.ts'

const pageBytes = 65_536
/** What the kernel may read beyond the last row. */
const slackBytes = 32

/** Rows that one call of `dotProducts` can answer for. */
export const stripRows = 1024

/** As simd-dot-products.wat says. */
type Kernel = (rows: number, dims: number, query: number, count: number, out: number) => void

/** Null: this process has no WebAssembly, or no SIMD in it. */
let module: WebAssembly.Module | null | undefined

function compiled(): WebAssembly.Module | null {
  if (module === undefined) {
    const works = typeof WebAssembly === 'object' && WebAssembly.validate(simdBytes)
    module = works ? new WebAssembly.Module(simdBytes) : null
  }
  return module
}

/**
 * A WASM memory with the SIMD kernel on it: a query, the results of one strip, then int8 rows one after another. It grows
 * in place, never shrinks, and goes when nothing refers to it.
 */
export class SimdMemory {
  readonly #dims: number
  readonly #memory: WebAssembly.Memory
  readonly #kernel: Kernel
  readonly #outAt: number
  readonly #rowsAt: number
  /** On the results; another one after each growth. */
  #out: Int32Array

  private constructor(module: WebAssembly.Module, dims: number, rows: number) {
    this.#dims = dims
    // The kernel reads a query in steps of 32 components of two bytes.
    this.#outAt = Math.ceil(dims / 32) * 64
    this.#rowsAt = this.#outAt + stripRows * 4
    this.#memory = new WebAssembly.Memory({ initial: this.#pagesFor(rows) })
    const { exports } = new WebAssembly.Instance(module, { rows: { memory: this.#memory } })
    this.#kernel = (exports as { dotProducts: Kernel }).dotProducts
    this.#out = new Int32Array(this.#memory.buffer, this.#outAt, stripRows)
  }

  /** With room for that many rows; null where there is no SIMD, or no room (each memory reserves address space). */
  static open(dims: number, rows: number): SimdMemory | null {
    const module = compiled()
    return module && roomOrNull(() => new SimdMemory(module, dims, rows))
  }

  /** All rows there is room for; not to be used after the next growth. */
  get rows(): Int8Array {
    const room = this.#memory.buffer.byteLength - this.#rowsAt - slackBytes
    return new Int8Array(this.#memory.buffer, this.#rowsAt, room - (room % this.#dims))
  }

  get bytes(): number {
    return this.#memory.buffer.byteLength
  }

  /** Makes room for that many rows in all. False, and nothing has changed, when there is none. */
  grow(rows: number): boolean {
    const more = this.#pagesFor(rows) - this.#memory.buffer.byteLength / pageBytes
    if (more > 0 && roomOrNull(() => this.#memory.grow(more)) === null) return false
    this.#out = new Int32Array(this.#memory.buffer, this.#outAt, stripRows)
    return true
  }

  /** What the following calls of `dotProducts` multiply with. */
  setQuery(query: Int16Array): void {
    new Int16Array(this.#memory.buffer, 0, this.#dims).set(query)
  }

  /**
   * Of the query with `count` rows, from 1 to `stripRows`, beginning with `first`. They stand first in what it answers, until
   * the next call.
   */
  dotProducts(first: number, count: number): Int32Array {
    this.#kernel(this.#rowsAt + first * this.#dims, this.#dims, 0, count, this.#outAt)
    return this.#out
  }

  #pagesFor(rows: number): number {
    return Math.ceil((this.#rowsAt + rows * this.#dims + slackBytes) / pageBytes)
  }
}

function roomOrNull<T>(take: () => T): T | null {
  try {
    return take()
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}
