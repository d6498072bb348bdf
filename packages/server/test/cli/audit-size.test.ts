import { afterAll, beforeAll, expect, test } from 'vitest'
import { forecast } from '../../src/cli/audit-size.ts'
import { memkeep, scratchDirectory } from './deployment.ts'

const scratch = scratchDirectory()
const data = scratch.data('keep')
beforeAll(async () => {
  expect(await memkeep(['tenant', 'create', 'acme', '--data', data])).toMatchObject({ code: 0 })
})
afterAll(() => scratch.remove())

test('audit size shows each class, as a table and as JSON', async () => {
  const table = await memkeep(['audit', 'size', '--data', data])
  expect(table.code).toBe(0)
  expect(table.out).toMatch(/^ +rows +MB +MB a day +MB in a year\nread .*\nwrite .*\nadmin .*\nlog .*\nall .*\n$/)
  const { parts } = JSON.parse((await memkeep(['audit', 'size', '--json', '--data', data])).out)
  expect(parts.map(({ part }: { part: string }) => part)).toEqual(['read', 'write', 'admin', 'log'])
  expect(parts[2].rows).toBeGreaterThan(0)
  for (const { bytes, bytesInAYear } of parts) expect(bytesInAYear).toBeGreaterThanOrEqual(bytes)
})

test('reads that are not kept for ever do not grow for ever', () => {
  const part = { part: 'read', rows: 1, bytes: 1000, rowsPerDay: 1, bytesPerDay: 100 } as const
  expect(forecast(part, null).bytesInAYear).toBe(37_500)
  expect(forecast(part, 90).bytesInAYear).toBe(12_000)
  expect(forecast(part, 3650).bytesInAYear).toBe(37_500)
  expect(forecast({ ...part, part: 'write' }, 90).bytesInAYear).toBe(37_500)
})

test('what is no number of days is bad usage', async () => {
  expect(await memkeep(['audit', 'size', '--keep-reads', 'many', '--data', data])).toMatchObject({ code: 2 })
})
