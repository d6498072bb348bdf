import { afterAll, beforeAll, expect, test } from 'vitest'
import { verifyLedger } from '../../src/verify.ts'
import { bundleOf } from '../proof/sample-ledger.ts'
import { dayMs, hourMs } from '../support/hand-clock.ts'
import { TestKeep } from '../support/test-keep.ts'

// Checkpoints of three days and of two months ago, some an hour: the last of each hour stays, of what is old the last of each day.

let store: TestKeep
beforeAll(async () => {
  store = await TestKeep.start({ audit: { mergeDelaySeconds: 3600 } })
})
afterAll(() => store[Symbol.asyncDispose]())

interface Checkpoint {
  readonly size: number
  readonly signed_ms: number
}

const checkpoints = async (): Promise<Checkpoint[]> =>
  (
    await store.database.query<{ size: string; signed_ms: string }>(
      `select size, signed_ms from memkeep.checkpoint
       where tenant = (select tenant from memkeep.event where action = 'memory.add' limit 1) order by size`,
    )
  ).map((row) => ({ size: Number(row.size), signed_ms: Number(row.signed_ms) }))

/** A day of four checkpoints an hour. */
async function day(hours: number): Promise<void> {
  for (let n = 0; n < hours * 4; n++) {
    await store.memory().add(`note ${n}`, { actor: 'user' })
    await store.keep.sequence()
    store.clock.advance(hourMs / 4)
  }
}

const lastOf = (list: readonly Checkpoint[], width: number): number[] =>
  list
    .filter(({ signed_ms }, i) => Math.floor(signed_ms / width) !== Math.floor((list[i + 1]?.signed_ms ?? -1) / width))
    .map(({ size }) => size)

test('what nobody needs goes, the rest stays, and the bundle is right before and after', {
  timeout: 120_000,
}, async () => {
  await day(4)
  await store.keep.runUpkeep()
  const young = await checkpoints()
  expect(young, 'nothing of today goes').toHaveLength(16)

  store.clock.advance(2 * dayMs)
  await store.memory().add('later', { actor: 'user' })
  await store.keep.runUpkeep()
  const hourly = await checkpoints()
  const old = hourly.filter(({ size }) => size <= young.at(-1)!.size).map(({ size }) => size)
  expect(old).toEqual(lastOf(young, hourMs))
  expect(old.length).toBeLessThan(young.length)

  store.clock.advance(40 * dayMs)
  await store.memory().add('much later', { actor: 'user' })
  await store.keep.runUpkeep()
  const kept = (await checkpoints()).map(({ size }) => size)
  const [{ anchored }] = (await store.database.query<{ anchored: string }>(
    `select size as anchored from memkeep.anchor
     where tenant = (select tenant from memkeep.event where action = 'memory.add' limit 1)`,
  )) as [{ anchored: string }]
  expect(kept).toContain(Number(anchored))
  expect(kept.length).toBeLessThan(hourly.length)
  for (const size of lastOf(hourly, dayMs)) expect(kept).toContain(size)

  const auditor = store.wide({ principal: 'auditor', roles: [], rights: ['audit', 'tenant'] })
  const files = new Map<string, Uint8Array>()
  for await (const { path, bytes } of auditor.audit.export()) files.set(path, bytes)
  const report = await verifyLedger(bundleOf(files))
  expect(report.checkpoints).toEqual(kept)
  expect(report.anchor).not.toBeNull()
})
