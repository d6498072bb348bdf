import { createHash, createHmac, randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { hmacSha256 } from '../../src/proof/hmac-sha256.ts'
import { sha256 } from '../../src/proof/sha256.ts'
import { random, seed } from '../support/seed.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

test.each([
  ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  [
    'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
    '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
  ],
  ['a'.repeat(1_000_000), 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0'],
])('the examples of FIPS 180-2, appendix B: %#', (message, digest) => {
  expect(hex(sha256(Buffer.from(message)))).toBe(digest)
})

test('agrees with node:crypto on every length to four blocks and on random inputs', () => {
  for (let length = 0; length <= 256; length++) {
    const bytes = randomBytes(length)
    expect(hex(sha256(bytes)), bytes.toString('hex')).toBe(createHash('sha256').update(bytes).digest('hex'))
  }
  console.log(`seed ${seed}`)
  const next = random()
  for (let i = 0; i < 2_000; i++) {
    const bytes = Uint8Array.from({ length: Math.floor(next() * 400) }, () => next() * 256)
    expect(hex(sha256(bytes))).toBe(createHash('sha256').update(bytes).digest('hex'))
  }
})

test('reads a view of a larger buffer, and gives a digest of its own each time', () => {
  const large = randomBytes(300)
  const view = large.subarray(17, 117)
  const first = sha256(view)
  const kept = hex(first)
  sha256(large)
  expect(hex(first)).toBe(kept)
  expect(kept).toBe(createHash('sha256').update(view).digest('hex'))
})

test('HMAC: RFC 4231 case 2, and node:crypto for random keys', () => {
  expect(hex(hmacSha256(sha256, Buffer.from('Jefe'), Buffer.from('what do ya want for nothing?')))).toBe(
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  )
  for (let i = 0; i < 200; i++) {
    const [key, message] = [randomBytes(32), randomBytes(i)]
    expect(hex(hmacSha256(sha256, key, message))).toBe(createHmac('sha256', key).update(message).digest('hex'))
  }
})
