import { setImmediate } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { withAccess } from '../../src/memory/access.ts'
import { shelvesInReach } from '../../src/memory/reach.ts'
import { readShelves } from '../../src/memory/shelves.ts'
import type { Doorways } from '../../src/store/doorways.ts'
import { codeOf } from '../support/code-of.ts'
import { claimsOf, kernelOn } from '../support/kernel-on.ts'
import { TestKeep } from '../support/test-keep.ts'

// What a tenant-wide search reads of shelves that are not in memory: many in one call, each of them once, and no more than it may.

const user = { actor: 'user' } as const
let store: TestKeep
/** How many memories each subject has; one more than any call brings, in the middle. */
const sizes = [...Array.from({ length: 40 }, () => 3), 1100, ...Array.from({ length: 40 }, () => 2)]
const total = sizes.reduce((sum, size) => sum + size, 0)

beforeAll(async () => {
  store = await TestKeep.start()
  const fill = async (tenant: string, subject: number, size: number): Promise<void> => {
    const texts = Array.from({ length: size }, (_, n) => ({ content: `${tenant} ${subject} ${n} harbour`, ...user }))
    for (let from = 0; from < size; from += 1000) {
      await store.memory({ tenant, subject: `s${subject}` }).addMany(texts.slice(from, from + 1000))
    }
  }
  for (const [subject, size] of sizes.entries()) await fill('acme', subject, size)
  await fill('globex', 0, 2)
  await store.memory({ subject: 's0' }).add('a secret of the harbour', { ...user, sensitivity: 'sensitive' })
})
afterAll(() => store?.[Symbol.asyncDispose]())

type Opened = ReturnType<typeof kernelOn>

/** What a tenant-wide search in that kernel may see: contents are sealed elsewhere, ids tell. */
async function read(of: Opened, roles: readonly string[] = ['agent'], signal?: AbortSignal) {
  const claims = claimsOf('acme', 'all', roles)
  const wide = { ...claims, principal: { ...claims.principal, rights: ['tenant' as const] } }
  return withAccess(of.kernel, wide, async (access) => {
    const { subjects } = await shelvesInReach(of.kernel, access)
    const open = await readShelves(of.kernel, access, subjects, { filter: { nowMs: 0 }, query: null }, signal)
    return { open, ids: new Set(open.held.flatMap(({ shelf }) => [...shelf.entries()].map(({ id }) => id))) }
  })
}

const idsOf = async (where: string) => {
  const tenant = '(select tenant from memkeep.memory group by 1 order by count(*) desc limit 1)'
  const rows = await store.database.query<{ id: string }>(
    `select id from memkeep.memory where tenant = ${tenant} and ${where}`,
  )
  return new Set(rows.map(({ id }) => id))
}
const calls = ({ trips }: Opened, ...doorways: string[]) => trips.filter(({ doorway }) => doorways.includes(doorway))
/** Entries that came from the database. */
const brought = (of: Opened) =>
  calls(of, 'load_shelves', 'wide_load').reduce(
    (sum, { rows }) => sum + rows.filter((row) => (row as { part: number }).part === 3).length,
    0,
  )

test('shelves come together, each whole, also one that is larger than a call', async () => {
  await using kernel = kernelOn(store, { budgetBytes: 1e9 })
  const { ids, open } = await read(kernel)
  expect(ids).toEqual(await idsOf('sensitivity < 2'))
  expect(ids.size).toBe(total)
  expect(open.held).toHaveLength(sizes.length)
  // At most four for as long as no shelf is known, and then as many as there are.
  expect(calls(kernel, 'load_shelves').length).toBeLessThan(10)
  expect(calls(kernel, 'wide_load').length).toBeLessThan(4)
  for (const { rows } of calls(kernel, 'load_shelves')) expect(rows.length).toBeLessThanOrEqual(1000 + 64 + 1)
  expect(brought(kernel)).toBe(total)
})

test('the clearance decides in the database what is brought', async () => {
  await using kernel = kernelOn(store, { budgetBytes: 1e9 })
  expect((await read(kernel, ['admin'])).ids).toEqual(await idsOf('true'))
  expect(brought(kernel)).toBe(total + 1)
})

test('searches at once read each shelf once', async () => {
  await using kernel = kernelOn(store, { budgetBytes: 1e9 })
  const all = await Promise.all([read(kernel), read(kernel), read(kernel)])
  for (const { ids } of all) expect(ids.size).toBe(total)
  expect(brought(kernel)).toBe(total)
})

test('one that gives up takes nothing from the other', async () => {
  await using kernel = kernelOn(store, { budgetBytes: 1e9 })
  const gone = new AbortController()
  const [first, second] = [codeOf(read(kernel, ['agent'], gone.signal)), read(kernel)]
  // In the middle of it: there are many calls, and one is done.
  while (calls(kernel, 'load_shelves').length === 0) await setImmediate()
  gone.abort()
  expect(await first).toBe('ERR_ABORTED')
  expect((await second).ids).toEqual(await idsOf('sensitivity < 2'))
})

test('the budget holds meanwhile', async () => {
  const budgetBytes = 300_000
  await using kernel = kernelOn(store, { budgetBytes })
  let most = 0
  const look = setInterval(() => {
    most = Math.max(most, kernel.kernel.shelves.stats.bytes)
  }, 1)
  const { open } = await read(kernel)
  clearInterval(look)
  expect(open.digest).not.toBeNull()
  expect(open.held.reduce((sum, { shelf }) => sum + shelf.size, 0) + open.digest!.size).toBe(total)
  expect(most).toBeGreaterThan(0)
  expect(most).toBeLessThanOrEqual(budgetBytes)
})

/** As if the database had answered something else to the first such call. */
function lying(of: Opened, lie: (rows: Record<string, unknown>[]) => unknown) {
  const { doorways } = of.kernel
  const ask = doorways.call.bind(doorways)
  let lied = false
  doorways.call = (async (call: Parameters<Doorways['call']>[0]) => {
    const rows = await ask<Record<string, unknown>>(call)
    if (call.doorway !== 'load_shelves' || lied || rows === 'committed') return rows
    lied = true
    return lie(rows)
  }) as Doorways['call']
}

test.each([
  ['of another shelf than was asked for', { subject: Buffer.alloc(16, 7) }],
  ['above the clearance', { sensitivity: 2 }],
])('a row %s is refused', async (_, what) => {
  await using kernel = kernelOn(store, { budgetBytes: 1e9 })
  lying(kernel, (rows) => rows.map((row) => (row.part === 3 ? { ...row, ...what } : row)))
  expect(await codeOf(read(kernel))).toBe('ERR_SEAL_BROKEN')
})

test('a row under its neighbour’s tag does not open, and is no part of that shelf', async () => {
  await using kernel = kernelOn(store, { budgetBytes: 1e9 })
  let moved = 0
  lying(kernel, (rows) => {
    const entries = rows.filter(({ part }) => part === 3)
    const [one, other] = [entries[0]!, entries.at(-1)!]
    return rows.map((row) => {
      if (row.part !== 3 || row.subject !== one.subject) return row
      moved++
      return { ...row, subject: other.subject }
    })
  })
  const { ids } = await read(kernel)
  expect(moved).toBeGreaterThan(0)
  expect(ids.size).toBe(total - moved)
  expect(kernel.kernel.shelves.stats.broken).toBe(moved)
})

test('beside a schema of before, which has no such doorway, each shelf is read by itself', async () => {
  await using kernel = kernelOn(store, { budgetBytes: 1e9 })
  await read(kernel)
  const [{ text }] = (await store.database.query(
    "select pg_get_functiondef('memkeep.load_shelves'::regproc) as text",
  )) as [{ text: string }]
  kernel.kernel.shelves.clear()
  kernel.trips.length = 0
  await store.database.query('drop function memkeep.load_shelves')
  try {
    expect((await read(kernel)).ids.size).toBe(total)
  } finally {
    await store.database.query(text)
    await store.database.query('alter function memkeep.load_shelves owner to memkeep_wide_door')
    await store.database.query('grant execute on function memkeep.load_shelves to memkeep_app')
  }
  expect(calls(kernel, 'load_shelves')).toEqual([])
  expect(calls(kernel, 'wide_load').length).toBeGreaterThanOrEqual(sizes.length)
})
