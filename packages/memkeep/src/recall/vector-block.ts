import { ByteRows } from './byte-rows.ts'
import { joined, lengthOf, quantised, splitInto, unquantised } from './quantised.ts'
import { queryWholes } from './query-wholes.ts'

/** Measured on Node 24: what a block takes beside the bytes of its arrays. */
const emptyBytes = 2400

/** How near the rows of a block are to one query, by slot. */
export interface Near {
  /** By the high bytes alone; to be read before anything is sharpened, since `values` may be the same array. */
  readonly rough: Float64Array
  /** As `rough`, and of all 16 bits where sharpened. */
  readonly values: Float64Array
  /** Times `reach`: what a value that was not sharpened is off at most, for each slot below its length. Null: all are sharp. */
  readonly errors: Float32Array | null
  readonly reach: number
  readonly sharpen: (slots: readonly number[]) => void
}

/**
 * The vectors of one model and dimension on one shelf, by slot: 16 bits a component, parted into a plane of high bytes, which
 * a search reads from end to end, and one of low bytes, of which it reads what may come to the top. Quantised on the way in,
 * so that a row ranks the same in the process that wrote it and in one that read it back.
 */
export class VectorBlock {
  readonly model: string | null
  readonly dims: number
  readonly #high: ByteRows
  readonly #low: ByteRows
  /** 1 over the length of each row in wholes; 0 where there is none. */
  #inverseLengths = new Float64Array(0)
  /** Length of the low bytes of a row over that of the row. */
  #errors = new Float32Array(0)

  constructor(model: string | null, dims: number) {
    this.model = model
    this.dims = dims
    this.#high = new ByteRows(dims)
    this.#low = new ByteRows(dims)
  }

  /** The slot must be empty. The vector must be finite, not zero, and of this block's dimension. */
  put(slot: number, vector: Float32Array): void {
    if (slot >= this.#inverseLengths.length) this.#grow(slot + 1)
    const wholes = quantised(vector)!
    const { high, low } = this.#planesAt(slot)
    splitInto(high, low, wholes)
    const inverseLength = 1 / lengthOf(wholes)
    this.#inverseLengths[slot] = inverseLength
    this.#errors[slot] = lengthOf(low) * inverseLength
  }

  /** Takes the vector out of its slot and answers it. It must be there. */
  remove(slot: number): Float32Array {
    const vector = this.at(slot)
    this.#inverseLengths[slot] = 0
    return vector
  }

  /** The vector in a slot that holds one, of length 1. */
  at(slot: number): Float32Array {
    const { high, low } = this.#planesAt(slot)
    return unquantised(joined(high, low))
  }

  get isEmpty(): boolean {
    return this.#inverseLengths.every((length) => length === 0)
  }

  has(slot: number): boolean {
    return slot < this.#inverseLengths.length && this.#inverseLengths[slot]! > 0
  }

  /**
   * Cosine of `query`, of length 1 and this block's dimension, with the row in each of the first `slots` slots; NaN for those
   * that are empty or not selected. From the high bytes, about 0.0005 off at 384 dimensions, until they are sharpened, which is to be done before
   * the block is changed. No score depends on another row.
   */
  near(query: Float32Array, selection: { has(slot: number): boolean }, slots: number): Near {
    const { wholes, scale } = queryWholes(query)
    const unit = 256 / scale
    const inverseLengths = this.#inverseLengths
    const rough = new Float64Array(slots)
    const rows = Math.min(slots, inverseLengths.length)
    rough.fill(Number.NaN, rows)
    this.#high.eachStrip(wholes, rows, (first, count, products) => {
      for (let i = 0; i < count; i++) {
        const slot = first + i
        const isThere = inverseLengths[slot] !== 0 && selection.has(slot)
        rough[slot] = isThere ? products[i]! * unit * inverseLengths[slot]! : Number.NaN
      }
    })
    const sharpen = (some: readonly number[]): void => {
      const there = some.filter((slot) => !Number.isNaN(rough[slot]))
      const high = this.#high.dotProductsAt(wholes, there)
      const low = this.#low.dotProductsAt(wholes, there)
      there.forEach((slot, i) => {
        rough[slot] = ((high[i]! * 256 + low[i]!) / scale) * inverseLengths[slot]!
      })
    }
    // By Cauchy and Schwarz no cosine is off by more than this times the error of its row; a little more, for rounding.
    const reach = (lengthOf(wholes) / scale) * 1.000_001
    return { rough, values: rough, errors: this.#errors, reach, sharpen }
  }

  /** Memory taken. */
  get bytes(): number {
    return emptyBytes + this.#high.bytes + this.#low.bytes + this.#inverseLengths.byteLength + this.#errors.byteLength
  }

  #planesAt(slot: number): { high: Int8Array; low: Int8Array } {
    const [start, end] = [slot * this.dims, (slot + 1) * this.dims]
    return { high: this.#high.all.subarray(start, end), low: this.#low.all.subarray(start, end) }
  }

  #grow(slots: number): void {
    const before = this.#inverseLengths.length
    // Large ones by less: what is spare counts against the byte budget.
    const capacity = Math.max(slots, Math.ceil(before * (before < 4096 ? 1.5 : 1.125)), 8)
    this.#high.grow(capacity)
    this.#low.grow(capacity)
    const inverseLengths = new Float64Array(capacity)
    const errors = new Float32Array(capacity)
    inverseLengths.set(this.#inverseLengths)
    errors.set(this.#errors)
    this.#inverseLengths = inverseLengths
    this.#errors = errors
  }
}
