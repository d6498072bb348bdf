import { expect, test } from 'vitest'
import { isUuid, RandomIds } from '../../src/core/ids.ts'

test('ids are UUIDv7 of their millisecond', () => {
  const at = 0x0192_3456_789a
  const id = new RandomIds().uuid(at)
  expect(isUuid(id)).toBe(true)
  expect(id.replaceAll('-', '').slice(0, 12)).toBe('01923456789a')
  expect(id[14]).toBe('7')
  expect('89ab').toContain(id[19])
})

test('ids are in the order in which they were made: within a millisecond, past 4,096 of them, and with the clock set back', () => {
  const ids = new RandomIds()
  const made = Array.from({ length: 20_000 }, () => ids.uuid(1_700_000_000_000))
  made.push(...Array.from({ length: 100 }, (_, back) => ids.uuid(1_700_000_000_000 - back)))
  made.push(ids.uuid(1_700_000_100_000))
  expect(made).toEqual([...made].sort())
  expect(new Set(made).size).toBe(made.length)
})

test('two makers never meet, though they count alike', () => {
  const made = Array.from({ length: 1000 }, () => new RandomIds().uuid(1))
  expect(new Set(made).size).toBe(made.length)
})
