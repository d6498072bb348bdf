/**
 * SHA-256 of some bytes: 32 new bytes. Synchronous, because a tree is made of very many very small hashes; the input may be
 * used again by the caller. A server gives `node:crypto`'s; `sha256` below runs anywhere.
 */
export type Sha256 = (bytes: Uint8Array) => Uint8Array

const rounds = new Int32Array(64)
const start = new Int32Array(8)
const words = new Int32Array(64)
const state = new Int32Array(8)

/**
 * FIPS 180-4, in the language alone. It is here because WebCrypto's digest is asynchronous, for
 * inputs of one or two blocks, and because what verifies a ledger depends on nothing (docs/decisions/0006). No secret goes through it in the kernel.
 */
export function sha256(bytes: Uint8Array): Uint8Array {
  const padded = new Uint8Array(Math.ceil((bytes.length + 9) / 64) * 64)
  padded.set(bytes)
  padded[bytes.length] = 0x80
  const view = new DataView(padded.buffer)
  view.setBigUint64(padded.length - 8, BigInt(bytes.length) * 8n)
  state.set(start)
  for (let offset = 0; offset < padded.length; offset += 64) compress(view, offset)
  const digest = new Uint8Array(32)
  const out = new DataView(digest.buffer)
  for (let i = 0; i < 8; i++) out.setInt32(4 * i, state[i]!)
  return digest
}

function compress(view: DataView, offset: number): void {
  for (let i = 0; i < 16; i++) words[i] = view.getInt32(offset + 4 * i)
  for (let i = 16; i < 64; i++) {
    const x = words[i - 15]!
    const y = words[i - 2]!
    const s0 = rotate(x, 7) ^ rotate(x, 18) ^ (x >>> 3)
    const s1 = rotate(y, 17) ^ rotate(y, 19) ^ (y >>> 10)
    words[i] = (words[i - 16]! + s0 + words[i - 7]! + s1) | 0
  }
  let a = state[0]!
  let b = state[1]!
  let c = state[2]!
  let d = state[3]!
  let e = state[4]!
  let f = state[5]!
  let g = state[6]!
  let h = state[7]!
  for (let i = 0; i < 64; i++) {
    const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + rounds[i]! + words[i]!) | 0
    const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
    h = g
    g = f
    f = e
    e = (d + t1) | 0
    d = c
    c = b
    b = a
    a = (t1 + t2) | 0
  }
  state[0]! += a
  state[1]! += b
  state[2]! += c
  state[3]! += d
  state[4]! += e
  state[5]! += f
  state[6]! += g
  state[7]! += h
}

function rotate(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits))
}

/** The standard's constants: the first 32 bits of the fractions of the roots of the first primes. */
function fillConstants(): void {
  let found = 0
  for (let candidate = 2n; found < 64; candidate++) {
    let prime = true
    for (let divisor = 2n; divisor * divisor <= candidate; divisor++) if (candidate % divisor === 0n) prime = false
    if (!prime) continue
    rounds[found] = Number(BigInt.asIntN(32, root(candidate << 96n, 3n)))
    if (found < 8) start[found] = Number(BigInt.asIntN(32, root(candidate << 64n, 2n)))
    found++
  }
}

/** The whole part of the square or cube root, by bisection. */
function root(value: bigint, degree: bigint): bigint {
  let low = 0n
  let high = 1n << 40n
  while (low < high) {
    const middle = (low + high + 1n) / 2n
    if (middle ** degree <= value) low = middle
    else high = middle - 1n
  }
  return low
}

fillConstants()
