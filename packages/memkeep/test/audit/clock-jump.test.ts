import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { directoryColdTier } from '../../src/audit/drivers/directory-cold-tier.ts'
import type { Keep } from '../../src/index.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { dayMs, hourMs } from '../support/hand-clock.ts'
import { TestKeep } from '../support/test-keep.ts'

// A process whose clock was ahead wrote a read into a period to come, or one that was used long ago; or upkeep's own clock was.

let store: TestKeep
let keeper: Keep
let dir: string
const slow = { mergeDelaySeconds: 3600 }

beforeAll(async () => {
  dir = mkdtempSync(join(fastDirectory, 'mk-jump-'))
  store = await TestKeep.start({ audit: slow })
  keeper = await store.open({
    upkeep: { ...store.database.upkeep, max: 1 },
    audit: { ...slow, keepReadsDays: 30, coldTier: directoryColdTier({ dir }) },
    seams: { clock: store.clock },
  })
})
afterAll(async () => {
  await store[Symbol.asyncDispose]()
  rmSync(dir, { recursive: true, force: true })
})

/** Reads of the test's own, and none of upkeep's. */
async function readsBefore(atMs: number): Promise<number> {
  const text = `select count(*)::int as n from memkeep.event where class = 0 and action = 'memory.get' and at_ms < $1`
  const [row] = await store.database.query<{ n: number }>(text, [atMs])
  return row!.n
}

async function readsOf(tenant: string, number: number): Promise<void> {
  for (let n = 0; n < number; n++) await store.memory({ tenant }).get('00000000-0000-0000-0000-000000000000')
}

test('a read dated ahead holds up the period whose place in the ring it has, and no other', async () => {
  await readsOf('acme', 3)
  await readsOf('globex', 2)
  // Ten periods on: in the ring that is six periods ago.
  store.clock.advance(300 * dayMs)
  await readsOf('acme', 1)
  const aheadMs = store.clock.now()
  store.clock.advance(-300 * dayMs)
  const youngMs = store.clock.now() + 1
  await keeper.runUpkeep()
  expect(await readsBefore(youngMs)).toBe(5)
  store.clock.advance(61 * dayMs)
  await keeper.runUpkeep()
  expect(await readsBefore(youngMs)).toBe(0)
  expect(await readsBefore(aheadMs + 1), 'what is dated ahead is not old').toBe(1)
})

test('nor does a read that gets no place in its log hold up the periods after its own', async () => {
  await readsOf('globex', 1)
  const heldMs = store.clock.now() + 1
  await keeper.runUpkeep()
  // As when the owner of the database has one wait that has its place: that tenant's sequencing stops.
  await store.database.query(
    `insert into memkeep.pending (tenant, id, class, period) select tenant, id, class, period from memkeep.event
     where class = 0 and action = 'memory.get' order by at_ms limit 1`,
  )
  store.clock.advance(31 * dayMs)
  await readsOf('acme', 2)
  await store.keep.sequence().catch(() => {})
  const nextMs = store.clock.now() + 1
  expect(await readsBefore(nextMs)).toBe(3)
  store.clock.advance(61 * dayMs)
  await keeper.runUpkeep().catch(() => {})
  expect(await readsBefore(heldMs)).toBe(1)
  expect(await readsBefore(nextMs)).toBe(1)
  await store.database.query('delete from memkeep.pending using memkeep.log_entry where event = id')
})

test("upkeep's clock went ahead and came back: it goes on within the hour", async () => {
  store.clock.advance(100 * dayMs)
  await keeper.runUpkeep()
  store.clock.advance(-100 * dayMs)
  for (let n = 0; n < 3; n++) {
    await readsOf('acme', 1)
    await store.keep.sequence()
    store.clock.advance(hourMs / 4)
  }
  const oldMs = store.clock.now()
  // All signed within one hour: of them the last stays.
  const signed = () =>
    store.database.query('select from memkeep.checkpoint where signed_ms between $1 and $2', [oldMs - hourMs, oldMs])
  const before = (await signed()).length
  store.clock.advance(61 * dayMs)
  await readsOf('acme', 1)
  await keeper.runUpkeep()
  expect(await readsBefore(oldMs)).toBe(0)
  expect((await signed()).length).toBeLessThan(before)
})

test('a read whose leaf was pruned is not said to be changed: nobody but its file can tell', async () => {
  await readsOf('acme', 260)
  const lastMs = store.clock.now() + 1
  await keeper.runUpkeep()
  // It keeps the period from being emptied, and not from the cold tier.
  store.clock.advance(480 * dayMs)
  await readsOf('acme', 1)
  store.clock.advance(-480 * dayMs)
  store.clock.advance(31 * dayMs)
  await readsOf('acme', 1)
  for (const days of [61, 1]) {
    await store.keep.sequence()
    store.clock.advance(days * dayMs)
    await keeper.runUpkeep()
  }
  const auditor = store.wide({ principal: 'auditor', roles: [], rights: ['audit', 'tenant'] })
  const { items } = await auditor.audit.list({ actions: ['memory.get'], until: new Date(lastMs), limit: 100 })
  const pruned = items.filter(({ index }) => index === null)
  expect(pruned.length).toBeGreaterThan(9)
  for (const item of items) expect(item.intact).toBe(pruned.includes(item) ? null : true)
  // What is no read is not hidden among them.
  const pruning = async () => (await auditor.audit.list({ actions: ['audit.prune'], limit: 1 })).items[0]!
  const { id, intact } = await pruning()
  expect(intact).toBe(true)
  await store.database.query('update memkeep.log_entry set event = null where event = $1', [id])
  await store.database.query('update memkeep.event set class = 0 where id = $1', [id])
  expect((await pruning()).intact).toBe(false)
})
