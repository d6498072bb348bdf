import { expect, test } from 'vitest'
import { systemClock } from '../../src/core/clock.ts'
import { MemkeepError } from '../../src/core/errors.ts'
import { formatUuid, isUuid, randomIds, uuidBytes, uuidV7 } from '../../src/core/ids.ts'
import { lowerTrust, trusts } from '../../src/core/labels.ts'
import { checkLimits, defaultLimits } from '../../src/core/limits.ts'
import { rightBits, rights, rightsMask } from '../../src/core/rights.ts'
import { productionSeams } from '../../src/core/seams.ts'

test('a UUIDv7 has its time first, its version and variant, and every other bit from the source', () => {
  const all = uuidV7(Date.UTC(2026, 0, 1), Buffer.alloc(10, 0xff))
  expect(all).toBe('019b76da-a800-7fff-bfff-ffffffffffff')
  expect(uuidV7(0, Buffer.alloc(10))).toBe('00000000-0000-7000-8000-000000000000')
  expect(Number.parseInt(all.replaceAll('-', '').slice(0, 12), 16)).toBe(Date.UTC(2026, 0, 1))
})

test('random ids are UUIDs, none twice, and later ones come later', () => {
  const ids = Array.from({ length: 1000 }, (_, n) => randomIds.uuid(1000 + n))
  expect(new Set(ids).size).toBe(1000)
  expect(ids.every(isUuid)).toBe(true)
  expect(ids.toSorted()).toEqual(ids)
})

test('bytes and text of an id are one to one; only the lower-case form is an id', () => {
  const id = randomIds.uuid(Date.now())
  expect(formatUuid(uuidBytes(id))).toBe(id)
  for (const other of [id.toUpperCase(), `${id} `, `{${id}}`, id.replaceAll('-', ''), `${id}\n`, '', null, 7])
    expect(isUuid(other)).toBe(false)
})

test('an error carries its code, whether to try again, and a cause only when there is one', () => {
  const plain = new MemkeepError('ERR_CLOSED', 'closed')
  expect(plain).toMatchObject({ name: 'MemkeepError', code: 'ERR_CLOSED', message: 'closed', retryable: false })
  expect('cause' in plain).toBe(false)
  const cause = new Error('below')
  expect(new MemkeepError('ERR_STORE_UNAVAILABLE', 'x', { cause, retryable: true })).toMatchObject({
    cause,
    retryable: true,
  })
})

test('the lower of two trusts', () => {
  for (const [a, first] of trusts.entries()) {
    for (const [b, second] of trusts.entries()) expect(lowerTrust(first, second)).toBe(trusts[Math.min(a, b)])
  }
})

test('rights are distinct bits', () => {
  const bits = Object.values(rightBits)
  expect(new Set(bits).size).toBe(bits.length)
  for (const bit of bits) expect(bit & (bit - 1)).toBe(0)
  expect(rightsMask(rights)).toBe(bits.reduce((sum, bit) => sum + bit, 0))
  expect(rightsMask([])).toBe(0)
})

test('limits: the defaults, with these in their place', () => {
  expect(checkLimits()).toEqual(defaultLimits)
  expect(checkLimits({ tags: 1 })).toEqual({ ...defaultLimits, tags: 1 })
  for (const bad of [
    { tags: 0 },
    { tags: 1.5 },
    { tags: Number.NaN },
    { tags: undefined },
    { tagz: 1 },
    { constructor: 5 },
  ]) {
    expect(() => checkLimits(bad as object)).toThrow(MemkeepError)
  }
})

test('production takes the real clock, and its kill points do nothing', () => {
  const [before, now, after] = [Date.now(), systemClock.now(), Date.now()]
  expect(before <= now && now <= after).toBe(true)
  expect(productionSeams.reach('memory.sealed')).toBeUndefined()
})
