import { dotProducts } from './dot-products.ts'
import { inverseLength, quantised, unquantised } from './quantised.ts'

/**
 * The vectors of one model and dimension on one shelf, by slot, one after another in memory. Quantised on the way in, so
 * that a row ranks the same in the process that wrote it and in one that read it back.
 */
export class VectorBlock {
  readonly model: string | null
  readonly dims: number
  #components = new Int8Array(0)
  /** 1 over the length of each row; 0 where there is none. */
  #inverseLengths = new Float64Array(0)

  constructor(model: string | null, dims: number) {
    this.model = model
    this.dims = dims
  }

  /** The slot must be empty. */
  put(slot: number, vector: Float32Array): void {
    if (slot >= this.#inverseLengths.length) this.#grow(slot + 1)
    const bytes = quantised(vector)
    this.#components.set(bytes, slot * this.dims)
    this.#inverseLengths[slot] = inverseLength(bytes)
  }

  /** Takes the vector out of its slot and answers it. It must be there. */
  remove(slot: number): Float32Array {
    const vector = this.at(slot)
    this.#inverseLengths[slot] = 0
    return vector
  }

  /** The vector in a slot that holds one, of length 1. */
  at(slot: number): Float32Array {
    return unquantised(this.#components.subarray(slot * this.dims, (slot + 1) * this.dims))
  }

  has(slot: number): boolean {
    return slot < this.#inverseLengths.length && this.#inverseLengths[slot]! > 0
  }

  /** Cosine by slot of a vector of length 1 and the same dimension with every row; without meaning where there is none. */
  cosines(query: Float32Array): Float64Array {
    const scores = new Float64Array(this.#inverseLengths.length)
    dotProducts(this.#components, query, scores)
    for (let slot = 0; slot < scores.length; slot++) scores[slot]! *= this.#inverseLengths[slot]!
    return scores
  }

  get bytes(): number {
    return 400 + this.#components.byteLength + this.#inverseLengths.byteLength
  }

  #grow(slots: number): void {
    const capacity = Math.max(slots, Math.ceil(this.#inverseLengths.length * 1.5), 8)
    const components = new Int8Array(capacity * this.dims)
    const inverseLengths = new Float64Array(capacity)
    components.set(this.#components)
    inverseLengths.set(this.#inverseLengths)
    this.#components = components
    this.#inverseLengths = inverseLengths
  }
}
