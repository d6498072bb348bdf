/** Vectors of length 1 from a seed: components of a normal distribution, alone or leaning on one of some centres. */
export class Vectors {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** Between 0 and 1, neither of them. */
  uniform(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)
    return (((mixed ^ (mixed >>> 14)) >>> 0) + 0.5) / 2 ** 32
  }

  /** `spread` is the length of what is added to the centre, of length 1 or null. */
  next(dims: number, centre: Float32Array | null = null, spread = 1): Float32Array {
    const vector = new Float32Array(dims)
    let squares = 0
    for (let i = 0; i < dims; i++) {
      const normal = Math.sqrt(-2 * Math.log(this.uniform())) * Math.cos(2 * Math.PI * this.uniform())
      vector[i] = (centre?.[i] ?? 0) + (spread * normal) / Math.sqrt(dims)
      squares += vector[i]! ** 2
    }
    const length = Math.sqrt(squares)
    for (let i = 0; i < dims; i++) vector[i]! /= length
    return vector
  }
}
