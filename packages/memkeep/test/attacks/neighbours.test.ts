import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  AttackedKeep,
  allRights,
  attempt,
  claims,
  commonShelf,
  foreign,
  marker,
  neighbour,
  own,
  subject,
  tag,
} from './attacked-keep.ts'
import { inject, plantInjections } from './injection.ts'

// Tenants and subjects whom one service asks for: all their calls carry one principal.
let keep: AttackedKeep
/** The same with row security off on the two tables. */
let open: AttackedKeep
const lookups = new Map([own, foreign].map((tenant) => [tenant, tag(`key of ${tenant.toString('hex')}`)]))
const deployment = tag('deployment')
const finding = (lookup: Buffer, rights = 4096) =>
  claims({ tenant: deployment, reach: 'common', shelf: lookup, rights })

beforeAll(async () => {
  keep = await AttackedKeep.start()
  open = await AttackedKeep.start()
  for (const each of [keep, open]) {
    await plantInjections(each)
    for (const [tenant, lookup] of lookups) {
      const token = each.token('create_key', claims({ tenant }))
      const values = [
        tenant,
        token,
        lookup,
        randomUUID(),
        Buffer.from('sealed'),
        null,
        Buffer.alloc(16),
        Buffer.from('d'),
      ]
      const answer = await attempt(each.app, 'select * from memkeep.create_key($1, $2, $3, $4, $5, $6, $7, $8)', values)
      expect(answer).toEqual(['ok'])
    }
  }
  for (const table of ['event', 'api_key']) {
    await open.database.query(`alter table memkeep.${table} disable row level security`)
  }
})
afterAll(() => Promise.all([keep?.stop(), open?.stop()]))

const settleText = 'select outcome from memkeep.settle($1, $2)'

test('settle tells how the call of its token ended, and of no other', async () => {
  const [theirs] = await keep.database.query<{ id: string }>(
    'select id from memkeep.event where tenant = $1 and subject = $2',
    [own, neighbour],
  )
  const mine = keep.token('settle', claims(), { event: theirs!.id })
  expect(await attempt(keep.app, settleText, [own, mine])).toEqual(['ok'])
  // Without the row wall too: the doorway itself asks for that event.
  for (const each of [keep, open]) {
    expect(await attempt(each.app, settleText, [own, each.token('settle')])).toEqual(['null'])
  }
  const stranger = keep.token('settle', claims({ principal: tag('another') }), { event: theirs!.id })
  expect(await attempt(keep.app, settleText, [own, stranger])).toEqual(['null'])
  const elsewhere = keep.token('settle', claims({ tenant: foreign }), { event: theirs!.id })
  expect(await attempt(keep.app, settleText, [foreign, elsewhere])).toEqual(['null'])
  const third = [own, keep.token('settle'), theirs!.id]
  expect(await attempt(keep.app, 'select * from memkeep.settle($1, $2, $3)', third)).toBe('42883')
})

test('SQL injected beside a token of `authenticate` finds the one key that it looks up', async () => {
  const sql = "select encode(lookup, 'hex') from memkeep.api_key"
  const all = [...lookups.values()].map((lookup) => lookup.toString('hex')).sort()
  const attack = (lookup: Buffer, rights?: number) => ({
    as: 'memkeep_upkeep_door' as const,
    stated: finding(lookup, rights),
    sql,
  })
  expect(await inject(open, attack(tag('guessed')))).toEqual(all)
  expect(await inject(keep, attack(tag('guessed')))).toEqual([])
  for (const lookup of lookups.values()) {
    expect(await inject(keep, attack(lookup))).toEqual([lookup.toString('hex')])
    expect(await inject(keep, attack(lookup, allRights & ~4096 & ~32768))).toEqual([])
  }
})

test('beside a token of `keys` it finds the keys of its tenant, and whether that tenant is there', async () => {
  const stated = claims({ rights: 32768 })
  for (const [table, column] of [
    ['api_key', 'lookup'],
    ['tenant', 'tenant'],
  ] as const) {
    const sql = `select encode(${column}, 'hex') from memkeep.${table}`
    const expected = table === 'api_key' ? lookups.get(own)! : own
    expect(await inject(keep, { as: 'memkeep_upkeep_door', stated, sql })).toEqual([expected.toString('hex')])
  }
})

test('find_key answers for the key of its token alone', async () => {
  const text = 'select outcome from memkeep.find_key($1, $2, $3)'
  for (const each of [keep, open]) {
    const ask = (lookup: Buffer) =>
      attempt(each.app, text, [deployment, each.token('find_key', finding(lookup)), Buffer.from('d')])
    expect(await ask(lookups.get(foreign)!)).toEqual(['ok'])
    expect(await ask(tag('guessed'))).toEqual(['missing'])
  }
})

test('export brings the shelf of its token, and not the one that all share, whose right is another', async () => {
  const torn = await AttackedKeep.start()
  await torn.tearDown('export', 'c.reach <> 2 and p_subject <> c.shelf', 'false')
  const ask = (of: AttackedKeep, shelf: Buffer) => {
    const text = "select coalesce(outcome, encode(content, 'escape')) from memkeep.export($1, $2, $3, $4, 100, $5)"
    const first = '00000000-0000-0000-0000-000000000000'
    return attempt(of.app, text, [own, of.token('export'), shelf, first, Buffer.from('d')])
  }
  const all = (shelf: Buffer) => [...[0, 1, 2].map((label) => marker(own, shelf, label)), 'ok'].sort()
  expect(await ask(torn, commonShelf)).toEqual(all(commonShelf))
  expect(await ask(keep, subject)).toEqual(all(subject))
  for (const shelf of [commonShelf, neighbour]) expect(await ask(keep, shelf)).toEqual(['denied'])
  await torn.stop()
})
