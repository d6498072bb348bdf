import { createHash, createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import {
  type Claims,
  hmacPads,
  mintToken,
  tokenLifetimeMs,
  tokenWindow,
  tokenWindowBounds,
  tokenWindowMs,
} from '../../src/store/token.ts'

const sha256 = (...parts: Buffer[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest()
const key = Buffer.from(Array.from({ length: 32 }, (_, index) => index * 7))
const claims: Claims = {
  tenant: Buffer.alloc(16, 0x11),
  reach: 'subject',
  shelf: Buffer.alloc(16, 0x22),
  tenantEpoch: 3,
  shelfEpoch: 4,
  clearance: 5,
  writable: 6,
  actors: 7,
  rights: 8,
  principal: Buffer.alloc(16, 0x33),
  policyVersion: 9,
}
const call = { doorway: 'read', event: '01890a5d-ac96-774b-bcce-b302099a8057', atMs: 1_700_000_000_000 }

test('the pads are all that HMAC-SHA-256 needs (RFC 2104): the database computes the same code from them', () => {
  const { ipad, opad } = hmacPads(key)
  const message = Buffer.from('what is signed')
  expect(sha256(opad, sha256(ipad, message))).toEqual(createHmac('sha256', key).update(message).digest())
})

test('a token ends with the code over all before it, and lives half a minute by the wall clock', () => {
  const token = mintToken({ id: 42, key }, claims, call, 1_800_000_000_000)
  const payload = token.subarray(0, -32)
  expect(token.subarray(-32)).toEqual(createHmac('sha256', key).update(payload).digest())
  expect(payload.readBigInt64BE(92)).toBe(BigInt(1_800_000_000_000 + tokenLifetimeMs))
  expect(payload.subarray(105).toString()).toBe('read')
})

test('every claim and every part of the call changes the token', () => {
  const mint = (change: Partial<Claims>, other: object = {}): string =>
    mintToken({ id: 42, key }, { ...claims, ...change }, { ...call, ...other }, 0).toString('hex')
  const tokens = [
    mint({}),
    mint({ tenant: Buffer.alloc(16) }),
    mint({ reach: 'common' }),
    mint({ reach: 'all' }),
    mint({ shelf: Buffer.alloc(16) }),
    mint({ tenantEpoch: 0 }),
    mint({ shelfEpoch: 0 }),
    mint({ clearance: 0 }),
    mint({ writable: 0 }),
    mint({ actors: 0 }),
    mint({ rights: 0 }),
    mint({ principal: Buffer.alloc(16) }),
    mint({ policyVersion: 0 }),
    mint({}, { doorway: 'write' }),
    mint({}, { event: '01890a5d-ac96-774b-bcce-b302099a8058' }),
    mint({}, { atMs: 1 }),
    mintToken({ id: 43, key }, claims, call, 0).toString('hex'),
    mintToken({ id: 42, key }, claims, call, 1).toString('hex'),
  ]
  expect(new Set(tokens).size).toBe(tokens.length)
})

test('a key is good in its own hour and ten minutes around it', () => {
  const window = tokenWindow(7 * tokenWindowMs + 1)
  expect(window).toBe(7)
  expect(tokenWindowBounds(window)).toEqual({ fromMs: 7 * 3_600_000 - 600_000, untilMs: 8 * 3_600_000 + 600_000 })
})
