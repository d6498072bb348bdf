import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AttackedKeep, attempt, claims, commonShelf, foreign, neighbour, own, subject } from './attacked-keep.ts'

// Who holds a token for `reindex` may replace index entries on its own shelf, and do nothing else to anything.

let keep: AttackedKeep
/** Where the doorway does not look at the shelf, and no row policy stands. */
let torn: AttackedKeep
/** Where it does not look at what the token may, and no row policy stands. */
let lenient: AttackedKeep

beforeAll(async () => {
  keep = await AttackedKeep.start()
  torn = await AttackedKeep.start()
  lenient = await AttackedKeep.start()
  await lenient.tearDown('reindex', /case when c\.reach <> 2[\s\S]*?else 'denied' end;/, "'ok';")
  await torn.tearDown('reindex', 'm.tenant = p_tenant and m.subject = c.shelf and m.id', 'm.id')
  await Promise.all([torn.tearDownRowWall(), lenient.tearDownRowWall()])
})
afterAll(() => Promise.all([keep.stop(), torn.stop(), lenient.stop()]))

const planted = Buffer.from('planted')

async function memoryOn(of: AttackedKeep, tenant: Buffer, shelf: Buffer, sensitivity = 0): Promise<string> {
  const [row] = await of.database.query<{ id: string }>(
    'select id from memkeep.memory where tenant = $1 and subject = $2 and sensitivity = $3',
    [tenant, shelf, sensitivity],
  )
  return row!.id
}

/** Outcome, and how many were done. */
async function reindex(of: AttackedKeep, ids: readonly string[], stated = claims(), version = 1) {
  const versions = ids.map(() => version)
  const answer = await attempt(
    of.app,
    "select outcome || ' ' || cardinality(ids) from memkeep.reindex($1, $2, $3, $4, $5, $6)",
    [stated.tenant, of.token('reindex', stated), ids, versions, ids.map(() => planted), Buffer.from('detail')],
  )
  return String(answer)
}

const entries = async (of: AttackedKeep, ids: readonly string[]) =>
  (await of.database.query<{ entry: Buffer }>('select entry from memkeep.memory where id = any ($1)', [ids])).map(
    ({ entry }) => entry.equals(planted),
  )

test.each([
  ['another tenant', foreign, subject],
  ['another subject', own, neighbour],
  ['the common shelf', own, commonShelf],
])('the entries of %s', async (_, tenant, shelf) => {
  for (const of of [torn, keep]) {
    const id = await memoryOn(of, tenant, shelf)
    expect(await reindex(of, [id]), of === torn ? 'torn' : 'whole').toBe(of === torn ? 'ok 1' : 'ok 0')
    expect(await entries(of, [id])).toEqual([of === torn])
  }
})

describe('without what it takes', () => {
  test.each([
    ['the right to write', { rights: ~2 }],
    ['one label to read', { clearance: 0b011 }],
    ['one label to write', { writable: 0b101 }],
    ['a reach of one shelf', { reach: 'all' as const, shelf: subject }],
  ])('%s', async (_, over) => {
    const id = await memoryOn(keep, own, subject)
    expect(await reindex(keep, [id], claims(over))).toBe('denied 0')
    expect(await entries(keep, [id])).toEqual([false])
    // Rights are looked at behind the lock once more; the other three by this one look alone.
    const answer = await reindex(lenient, [await memoryOn(lenient, own, subject)], claims(over))
    expect(answer).toBe('rights' in over ? 'denied 0' : 'ok 1')
  })

  test('the right to the common shelf, there', async () => {
    const id = await memoryOn(keep, own, commonShelf)
    const common = { reach: 'common' as const, shelf: commonShelf }
    expect(await reindex(keep, [id], claims({ ...common, rights: 1 | 2 }))).toBe('denied 0')
    expect(await reindex(keep, [id], claims({ ...common, rights: 1 | 2 | 8 }))).toBe('ok 1')
  })
})

test('what is not there, was changed since, or is named twice', async () => {
  const id = await memoryOn(keep, own, subject, 1)
  expect(await reindex(keep, [randomUUID()])).toBe('ok 0')
  expect(await reindex(keep, [id], claims(), 2)).toBe('ok 0')
  expect(await entries(keep, [id])).toEqual([false])
  expect(await reindex(keep, [id, id])).toBe('ok 1')
})

test('nothing but the entry changes, the shelf moves by one version and counts its bytes', async () => {
  const id = await memoryOn(keep, own, subject, 2)
  const read = async () => {
    const [row] = await keep.database.query<{
      memory: string
      shelf: { version: number; bytes: number }
      size: number
    }>(
      `select (to_jsonb(m) - 'entry' - 'shelf_version')::text as memory, octet_length(m.entry) as size,
        jsonb_build_object('version', s.version, 'bytes', s.bytes) as shelf
        from memkeep.memory m join memkeep.shelf s using (tenant, subject) where m.id = $1`,
      [id],
    )
    return row!
  }
  const before = await read()
  expect(await reindex(keep, [id])).toBe('ok 1')
  const after = await read()
  expect(after.memory).toBe(before.memory)
  expect(after.shelf).toEqual({
    version: before.shelf.version + 1,
    bytes: before.shelf.bytes + planted.length - before.size,
  })
  // Nothing done: nobody has to read anything anew.
  expect(await reindex(keep, [])).toBe('ok 0')
  expect((await read()).shelf).toEqual(after.shelf)
})

test('a barred shelf, another epoch, a token for another doorway', async () => {
  const id = await memoryOn(keep, own, subject, 0)
  expect(await reindex(keep, [id], claims({ shelfEpoch: 2 }))).toBe('epoch 0')
  expect(await reindex(keep, [id], claims({ policyVersion: 3 }))).toBe('policy 0')
  const token = keep.token('remember', claims())
  const call = 'select outcome from memkeep.reindex($1, $2, $3, $4, $5, $6)'
  expect(await attempt(keep.app, call, [own, token, [id], [1], [planted], planted])).toBe('MK001')
  await keep.database.query('update memkeep.shelf set state = 1 where tenant = $1 and subject = $2', [own, subject])
  expect(await reindex(keep, [id])).toBe('barred 0')
  expect(await entries(keep, [id])).toEqual([false])
})
