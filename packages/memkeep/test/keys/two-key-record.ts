import { createCipheriv, randomBytes } from 'node:crypto'

/**
 * The attack on a cipher that does not commit to its key ("invisible salamanders", Dodis and others 2018): nonce, ciphertext
 * and tag that AES-256-GCM accepts under both keys. Three random blocks and one that is solved for.
 */
export function twoKeyRecord(one: Buffer, two: Buffer, associated: Buffer): Buffer {
  const nonce = randomBytes(12)
  const blocks: Buffer[] = [randomBytes(16), randomBytes(16), randomBytes(16), Buffer.alloc(16)]
  const partial = (key: Buffer) => toField(gcmTag(key, nonce, associated, Buffer.concat(blocks)))
  // The free block is the last one before the lengths, so it counts with the square of the hash key.
  const weight = (key: Buffer) => multiply(hashKey(key), hashKey(key))
  const weights = weight(one) ^ weight(two)
  const free = weights === 0n ? 0n : multiply(partial(one) ^ partial(two), inverse(weights))
  blocks[3] = fromField(free)
  const ciphertext = Buffer.concat(blocks)
  return Buffer.concat([nonce, ciphertext, gcmTag(one, nonce, associated, ciphertext)])
}

function gcmTag(key: Buffer, nonce: Buffer, associated: Buffer, ciphertext: Buffer): Buffer {
  const lengths = Buffer.alloc(16)
  lengths.writeBigUInt64BE(BigInt(associated.length) * 8n, 0)
  lengths.writeBigUInt64BE(BigInt(ciphertext.length) * 8n, 8)
  const padded = Buffer.concat([associated, Buffer.alloc((16 - (associated.length % 16)) % 16), ciphertext, lengths])
  let hash = 0n
  for (let at = 0; at < padded.length; at += 16) {
    hash = multiply(hash ^ toField(padded.subarray(at, at + 16)), hashKey(key))
  }
  return fromField(hash ^ toField(encryptBlock(key, Buffer.concat([nonce, Buffer.from([0, 0, 0, 1])]))))
}

function hashKey(key: Buffer): bigint {
  return toField(encryptBlock(key, Buffer.alloc(16)))
}

function encryptBlock(key: Buffer, block: Buffer): Buffer {
  return createCipheriv('aes-256-ecb', key, null).setAutoPadding(false).update(block)
}

/** In GF(2^128) as GCM writes it: the first bit is the constant term. NIST SP 800-38D, 6.3. */
function multiply(x: bigint, y: bigint): bigint {
  let product = 0n
  let shifted = y
  for (let bit = 127n; bit >= 0n; bit--) {
    if ((x >> bit) & 1n) product ^= shifted
    shifted = shifted & 1n ? (shifted >> 1n) ^ (0xe1n << 120n) : shifted >> 1n
  }
  return product
}

/** x to the power of 2^128 - 2. */
function inverse(x: bigint): bigint {
  let result = 1n << 127n
  let square = x
  for (let n = 1; n < 128; n++) {
    square = multiply(square, square)
    result = multiply(result, square)
  }
  return result
}

function toField(block: Buffer): bigint {
  return BigInt(`0x${block.toString('hex')}`)
}

function fromField(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(32, '0'), 'hex')
}
