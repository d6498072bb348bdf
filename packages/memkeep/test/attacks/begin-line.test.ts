import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { rightBits } from '../../src/core/rights.ts'
import { AttackedKeep, claims, commonShelf, own, tag } from './attacked-keep.ts'
import { callDoorway, signaturesOf } from './doorway-call.ts'

// A new line of the logs is begun by an administrator alone, and nothing is put into one that was not begun.

let keep: AttackedKeep
let signatures: Awaited<ReturnType<typeof signaturesOf>>
let upkeep: pg.Client
beforeAll(async () => {
  keep = await AttackedKeep.start()
  signatures = await signaturesOf(keep)
  upkeep = await keep.connect(keep.database.upkeep)
})
afterAll(() => keep.stop())

const log = tag('the log of the deployment')
const stated = claims({ reach: 'common', shelf: commonShelf, rights: rightBits.upkeep })
const call = (client: pg.Client, doorway: string, given: object) =>
  callDoorway(client, signatures, doorway, [own, keep.token(doorway, stated)], { ...given })
const bytes = Buffer.from('a leaf')
const begun = { p_line: 2, p_log: log, p_vkey: 'key', p_note: 'note', p_entry: bytes }
const appended = (line: number) => ({
  ...{ p_tenants: [log], p_lines: [line], p_old: [0], p_new: [1], p_vkeys: ['key'], p_notes: ['note'] },
  ...{ p_logs: [], p_seqs: [], p_events: [], p_classes: [], p_unders: [], p_epochs: [], p_versions: [], p_entries: [] },
  ...{ p_tile_logs: [], p_levels: [], p_indices: [], p_roots: [], p_hashes: [] },
})
const lines = () => keep.database.query('select line from memkeep.log where tenant = $1 order by line', [log])

test('no login may begin one, with an authentic token neither, nor become who may', async () => {
  for (const client of [keep.app, upkeep]) {
    expect(await call(client, 'begin_line', begun)).toBe('42501')
    await expect(client.query('set role memkeep_owner')).rejects.toMatchObject({ code: '42501' })
  }
  expect(await lines()).toEqual([])
})

test("upkeep's login puts nothing into a line that was not begun, and what stands in its way is that check", async () => {
  expect(await call(upkeep, 'sequence', appended(2))).toBe('MK007')
  expect(await lines()).toEqual([])
  expect(await call(upkeep, 'sequence', appended(1))).toEqual([{ outcome: 'ok' }])
  await keep.tearDown(
    'sequence',
    'if exists (select 1 from unnest(p_lines)',
    'if false and exists (select 1 from unnest(p_lines)',
  )
  expect(await call(upkeep, 'sequence', appended(7))).toEqual([{ outcome: 'ok' }])
  expect(await lines()).toEqual([{ line: 1 }, { line: 7 }])
  await keep.database.query('delete from memkeep.log where line = 7')
  await keep.tearDown('sequence', 'p_hashes bytea[], p_detail', 'p_hashes bytea[],  p_detail')
})

test('an administrator begins it once; what was appended to until then is closed', async () => {
  const admin = new pg.Client(keep.database.admin)
  await admin.connect()
  try {
    await admin.query('set role memkeep_owner')
    expect(await call(admin, 'begin_line', { ...begun, p_line: 1 })).toEqual([{ outcome: 'denied' }])
    expect(await call(admin, 'begin_line', begun)).toEqual([{ outcome: 'ok' }])
    for (const line of [1, 2]) {
      expect(await call(admin, 'begin_line', { ...begun, p_line: line }), `${line}`).not.toEqual([{ outcome: 'ok' }])
    }
  } finally {
    await admin.end()
  }
  expect(await lines()).toEqual([{ line: 1 }, { line: 2 }])
  expect(await call(upkeep, 'sequence', { ...appended(1), p_old: [1], p_new: [2] })).toBe('MK007')
  expect(await call(upkeep, 'sequence', { ...appended(2), p_old: [1], p_new: [2] })).toEqual([{ outcome: 'ok' }])
})
