import type { LedgerPartSize } from 'memkeep/install'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { forecast } from '../../src/cli/ledger-forecast.ts'
import { scratchDirectory } from './deployment.ts'
import { mainHere as memkeep } from './main-here.ts'

const scratch = scratchDirectory()
const data = scratch.data('keep')
beforeAll(async () => {
  expect(await memkeep(['tenant', 'create', 'acme', '--data', data])).toMatchObject({ code: 0 })
})
afterAll(() => scratch.remove())

test('audit size shows each class, as a table and as JSON', async () => {
  const table = await memkeep(['audit', 'size', '--data', data])
  expect(table.code).toBe(0)
  expect(table.out).toMatch(
    /^ +rows +MB +MB a day +MB in a year\nread .*\nwrite .*\nadmin .*\nleaf .*\nlog .*\nall .*\n$/,
  )
  const { parts } = JSON.parse((await memkeep(['audit', 'size', '--json', '--data', data])).out)
  expect(parts.map(({ part }: { part: string }) => part)).toEqual(['read', 'write', 'admin', 'leaf', 'log'])
  expect(parts[2].rows).toBeGreaterThan(0)
  for (const { bytes, bytesInAYear } of parts) expect(bytesInAYear).toBeGreaterThanOrEqual(bytes)
  // It was installed just now.
  expect(parts[2].rowsPerDay).toBe(parts[2].rows)
})

test('reads that are not kept for ever do not grow for ever, and neither do their leaves', () => {
  const part = { rows: 10, bytes: 1000, rowsPerDay: 1, bytesPerDay: 100 }
  const names = ['read', 'write', 'admin', 'leaf', 'log'] as const
  const parts: LedgerPartSize[] = names.map((name) => ({ ...part, part: name }))
  // A leaf for each event of the three classes: 30 rows of 100 bytes, 3 a day.
  const leaf = { part: 'leaf', rows: 30, bytes: 3000, rowsPerDay: 3, bytesPerDay: 300 } as const
  const inAYear = (days: number | null, of = parts.with(3, leaf)) =>
    Object.fromEntries(forecast(of, days).map(({ part: name, bytesInAYear }) => [name, bytesInAYear]))
  expect(inAYear(null)).toEqual({ read: 37_500, write: 37_500, admin: 37_500, leaf: 112_500, log: 37_500 })
  // 120 of the 375 reads are there, so 255 leaves of 100 bytes are not.
  expect(inAYear(90)).toEqual({ read: 12_000, write: 37_500, admin: 37_500, leaf: 87_000, log: 37_500 })
  expect(inAYear(3650)).toEqual(inAYear(null))
  // Nothing comes any more, and what was read goes.
  const still = parts.with(3, leaf).map((each) => ({ ...each, rowsPerDay: 0, bytesPerDay: 0 }))
  expect(inAYear(90, still)).toMatchObject({ read: 0, write: 1000, leaf: 2000 })
})

test('what is no number of days is bad usage', async () => {
  expect(await memkeep(['audit', 'size', '--keep-reads', 'many', '--data', data])).toMatchObject({ code: 2 })
})
