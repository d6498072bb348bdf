import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { nodeSha256 } from '../../src/audit/node-sha256.ts'
import type { MemkeepError } from '../../src/index.ts'
import { verifyLedger } from '../../src/verify.ts'
import { goOn, hasGo, opensslOn } from '../proof/foreign-tools.ts'
import { Draw, type Files, mutations } from '../proof/mutations.ts'
import { bundleOf } from '../proof/sample-ledger.ts'
import { codeOf } from '../support/code-of.ts'
import { amount, random, seed } from '../support/seed.ts'
import { TestKeep } from '../support/test-keep.ts'

// A bundle that a real keep exported: four hundred events, written and read under several subjects, over seven checkpoints.

let store: TestKeep
let files: Files
let key: string
let directory: string

beforeAll(async () => {
  store = await TestKeep.start()
  for (let round = 0; round < 7; round++) {
    const memory = store.memory({ subject: `subject ${round % 3}` })
    await memory.addMany(
      Array.from({ length: 3 }, (_, n) => ({ content: `note ${round} ${n}`, actor: 'user' as const })),
    )
    await memory.search('note')
    for (let n = 0; n < 55; n++) await memory.get('00000000-0000-0000-0000-000000000000')
    await store.keep.runUpkeep()
  }
  const scope = store.wide({ principal: 'auditor', roles: [], rights: ['audit', 'tenant'] })
  const found = new Map<string, Uint8Array>()
  for await (const { path, bytes } of scope.audit.export()) found.set(path, bytes)
  files = found
  key = (await scope.audit.checkpoint())!.key
  directory = mkdtempSync(join(tmpdir(), 'memkeep-exported-'))
})
afterAll(async () => {
  rmSync(directory, { recursive: true, force: true })
  await store[Symbol.asyncDispose]()
})

test('it is right, and what was logged while it was exported is not in it', async () => {
  const report = await verifyLedger(bundleOf(files), { key })
  expect(report.size).toBeGreaterThan(400)
  expect(report.checkpoints).toHaveLength(7)
  const leaves = Buffer.from(files.get('tile/entries/000')!).toString('latin1')
  expect(leaves).toContain('"op":"memory.add"')
  expect(leaves).not.toContain('subject 1')
})

test('every mutation of it is refused', { timeout: 3_600_000 }, async () => {
  const runs = amount('MEMKEEP_MUTATIONS', 400)
  console.log(`seed ${seed}`)
  const draw = new Draw(random())
  const counts = new Map<string, number>()
  for (let run = 0; run < runs; run++) {
    const name = draw.of(Object.keys(mutations))
    const changed = mutations[name]!(files, draw)
    if (isSame(changed)) continue
    const code = await codeOf(verifyLedger(bundleOf(changed), { key, sha256: nodeSha256 }))
    expect(code, `${name}, run ${run}, seed ${seed}`).toBe('ERR_PROOF_INVALID')
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  expect(counts.size).toBe(Object.keys(mutations).length)
})

function isSame(changed: Files): boolean {
  return (
    files.size === changed.size &&
    [...files].every(([path, bytes]) => Buffer.compare(bytes, changed.get(path) ?? Buffer.alloc(0)) === 0)
  )
}

test("openssl accepts its signature, and not another tenant's log key", async () => {
  expect(opensslOn(join(directory, 'openssl'), files)).toBe(0)
  const other = new Map([...files, ['checkpoint', Buffer.from(`${files.get('checkpoint')}`.replace('\n4', '\n5'))]])
  expect(opensslOn(join(directory, 'other'), other)).toBe(1)
})

test.skipIf(!hasGo)("Go's x/mod/sumdb accepts it", () => {
  const { status, output } = goOn(join(directory, 'go'), files)
  expect(output).toContain('the entries are those of the checkpoint')
  expect(output.match(/^consistent: /gm)).toHaveLength(6)
  expect(status, output).toBe(0)
})

test('a database administrator who changes, drops or forges a row is found out by the bundle', async () => {
  const { database } = store
  const scope = store.wide({ principal: 'auditor', roles: [], rights: ['audit', 'tenant'] })
  const heads = [Buffer.from(files.get('checkpoint')!).toString()]
  /** What the export or the check of it is refused with; 'none'. */
  const exported = async (): Promise<string> => {
    const found = new Map<string, Uint8Array>()
    try {
      for await (const { path, bytes } of scope.audit.export()) found.set(path, bytes)
      await verifyLedger(bundleOf(found), { key, heads })
      return 'none'
    } catch (error) {
      expect((error as MemkeepError).code).toBe('ERR_PROOF_INVALID')
      return (error as Error).message
    }
  }
  expect(await exported()).toBe('none')
  const tables = ['log_entry', 'log_tile', 'log', 'checkpoint']
  const own = 'tenant = (select tenant from memkeep.log order by size desc limit 1)'
  const forged = `entry = convert_to(replace(convert_from(entry, 'UTF8'), '"outcome":"', '"outcome":"x'), 'UTF8')`
  const older = `(select size from memkeep.checkpoint where ${own} order by size desc offset 1 limit 1)`
  for (const [change, refusal] of [
    [`update memkeep.log_entry set ${forged} where ${own} and seq = 100`, 'entry 100 is not the one in the tree'],
    [`update memkeep.log_entry set ${forged} where ${own} and seq = 300`, 'its root is not that of the tiles'],
    [`update memkeep.log_entry set entry = null where ${own} and seq = 100`, 'a leaf is not in the database'],
    [`delete from memkeep.log_entry where ${own} and seq = 100`, 'a leaf is not in the database'],
    [`delete from memkeep.log_entry where ${own} and seq = 300`, 'hashes long'],
    [`delete from memkeep.log_entry where seq > 390`, 'hashes long'],
    [`update memkeep.log_tile set hashes = substring(hashes for 32) || hashes where level = 0`, 'tile/0/000: '],
    [`update memkeep.log set size = size - 5`, 'its size is not the one in bundle.json'],
    // A letter amid the signature becomes another.
    [
      `update memkeep.log set note = overlay(note placing case substr(note, length(note) - 20, 1) when 'A' then 'B' else 'A' end
         from length(note) - 20)`,
      'its signature is wrong',
    ],
    // All of it goes together, but for the head that was kept elsewhere.
    [
      `update memkeep.log l set size = k.size, note = k.note from memkeep.checkpoint k
         where l.${own} and k.tenant = l.tenant and k.size = ${older}`,
      'the bundle is stale',
    ],
  ] as const) {
    for (const table of tables) await database.query(`create table public.kept_${table} as table memkeep.${table}`)
    await database.query(change)
    expect(await exported(), change).toContain(refusal)
    for (const table of tables) {
      await database.query(`delete from memkeep.${table}`)
      await database.query(`insert into memkeep.${table} select * from public.kept_${table}`)
      await database.query(`drop table public.kept_${table}`)
    }
    expect(await exported(), `after ${change}`).toBe('none')
  }
})
