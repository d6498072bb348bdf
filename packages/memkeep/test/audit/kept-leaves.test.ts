import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { directoryColdTier } from '../../src/audit/drivers/directory-cold-tier.ts'
import type { Keep } from '../../src/index.ts'
import { verifyLedger } from '../../src/verify.ts'
import { bundleOf } from '../proof/sample-ledger.ts'
import { errorOf } from '../support/code-of.ts'
import { fastDirectory } from '../support/fast-directory.ts'
import { dayMs, hourMs } from '../support/hand-clock.ts'
import { TestKeep } from '../support/test-keep.ts'

// Whoever owns the database drops leaves that were to stay (writes, administration) as if they had been pruned reads.

let store: TestKeep
let dir: string
let keep: Keep
const slow = { mergeDelaySeconds: 3600 }

/** Three hundred events of 61 days ago lie in the cold tier, and the event that says which leaves stay waits for its place. */
beforeEach(async () => {
  dir = mkdtempSync(join(fastDirectory, 'mk-kept-'))
  store = await TestKeep.start({ audit: slow })
  await days(90)
  store.clock.advance(61 * dayMs)
  keep = await store.open({
    upkeep: { ...store.database.upkeep, max: 1 },
    audit: { ...slow, keepReadsDays: 30, coldTier: directoryColdTier({ dir }) },
    seams: { clock: store.clock },
  })
  await keep.runUpkeep()
})
afterEach(async () => {
  await store[Symbol.asyncDispose]()
  rmSync(dir, { recursive: true, force: true })
})

/** Events of one tenant over some days: in each a memory that is added and read twice. */
async function days(count: number, sequenced = true): Promise<void> {
  const memory = store.memory()
  for (let day = 0; day < count; day++) {
    const { id } = await memory.add(`day ${day} of ${store.clock.now()}`, { actor: 'user' })
    for (let n = 0; n < 2; n++) await memory.get(id)
  }
  if (sequenced) await store.keep.runUpkeep()
}

/** An hour later: the event that allows it has its place, and the leaves of reads go. */
async function prune(): Promise<void> {
  store.clock.advance(hourMs)
  await keep.runUpkeep()
}

const auditor = () => store.wide({ principal: 'auditor', roles: [], rights: ['audit', 'tenant'] }, keep)
const listedPrunings = async () =>
  (await auditor().audit.list({ actions: ['audit.prune'] })).items.map(({ intact }) => intact)

async function exported() {
  const files = new Map<string, Uint8Array>()
  for await (const { path, bytes } of auditor().audit.export()) files.set(path, bytes)
  return verifyLedger(bundleOf(files))
}

const otherThanKept = 'proofs: other events than those that the log says were kept'
/** Of the log that `days` wrote to: the longest one but the deployment's, which has few. */
const log = `(select tenant from memkeep.log order by size desc limit 1)`
const leaf = `tenant = ${log} and seq = (select max(seq) from memkeep.log_entry where tenant = ${log} and class = 1 and seq < 256)`

test('a leaf that was kept and is dropped from a pruned log is missed, however often the log was pruned since; and no more when it is back', async () => {
  await prune()
  for (const minIndex of [256, 512, 768]) {
    expect(await exported()).toMatchObject({ minIndex })
    await store.database.query(`create table public.dropped as select * from memkeep.log_entry where ${leaf}`)
    await store.database.query(`delete from memkeep.log_entry where ${leaf}`)
    expect((await errorOf(exported())).message).toBe(otherThanKept)
    await store.database.query('insert into memkeep.log_entry select * from public.dropped')
    await store.database.query('drop table public.dropped')
    const { proofs } = await exported()
    expect(proofs.filter((index) => index < 256).length).toBeGreaterThan(80)
    if (minIndex === 256) await expectSaidSo(await exported())
    expect(await listedPrunings()).toEqual(Array(minIndex / 256).fill(true))
    if (minIndex === 768) break
    await days(90)
    store.clock.advance(61 * dayMs)
    // It lies in the cold tier already, and stays until the tile that it is in goes as a whole.
    const early = `tenant = ${log} and seq = (select archived - 1 from memkeep.log where tenant = ${log})`
    const change = (from: string, to: string) =>
      store.database.query(
        `update memkeep.log_entry set entry = convert_to(replace(convert_from(entry, 'UTF8'), $1, $2), 'UTF8') where ${early} returning seq`,
        [from, to],
      )
    expect(Number((await change('"op":"memory.', '"op":"shelf.'))[0]!.seq)).toBeGreaterThan(minIndex)
    expect((await errorOf(keep.runUpkeep())).code).toBe('ERR_PROOF_INVALID')
    await change('"op":"shelf.', '"op":"memory.')
    await keep.runUpkeep()
    await prune()
  }
})

/** As the README of a bundle says it, with a hash of others'. */
async function expectSaidSo({ origin, proofs }: Awaited<ReturnType<typeof exported>>): Promise<void> {
  const kept = proofs.filter((index) => index < 256).map((index) => `${index}\n`)
  const digest = createHash('sha256')
    .update(`memkeep/kept@v1\n${origin}\n0 256\n${kept.join('')}`)
    .digest('hex')
  const entries = await store.database.query<{ entry: Buffer }>(
    `select entry from memkeep.log_entry where tenant = ${log}`,
  )
  const leaves = entries.map(({ entry }) => JSON.parse(entry.toString()) as { op: string; resource: string })
  expect(leaves.filter(({ op }) => op === 'audit.prune').map(({ resource }) => resource)).toEqual([
    `min-index:256-${digest}`,
  ])
}

test('a leaf that is said to be a read goes with the reads, and is missed', async () => {
  const changed = await store.database.query(`update memkeep.log_entry set class = 0 where ${leaf} returning seq`)
  expect(changed).toHaveLength(1)
  await prune()
  const found = await store.database.query(
    `select from memkeep.log_entry where tenant = ${log} and seq = ${Number(changed[0]!.seq)}`,
  )
  expect(found).toEqual([])
  expect((await errorOf(exported())).message).toBe(otherThanKept)
})

test('an event that waits and is changed to allow more allows no more than was sealed in it', async () => {
  await days(100, false)
  const changed = await store.database.query(
    `update memkeep.event set affected = 512 where action = 'audit.prune'
       and id in (select id from memkeep.pending) returning id`,
  )
  expect(changed).toHaveLength(1)
  await prune()
  expect(await store.database.query('select from memkeep.log where min_index = 512')).toHaveLength(1)
  // The leaf commits to the row as it was changed, and says what was sealed.
  expect(await listedPrunings()).toEqual([true])
  expect((await errorOf(exported())).message).toMatch(/^(tile\/entries: entries are left out|proofs: other events)/)
})
