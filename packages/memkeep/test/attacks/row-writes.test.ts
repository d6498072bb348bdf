import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AttackedKeep, claims, commonShelf, foreign, neighbour, own, subject, tag } from './attacked-keep.ts'
import { doorRoles, hexLiteral, inject, plantInjections } from './injection.ts'

let keep: AttackedKeep
/** The same, with row security off and every privilege on the tables given to the doorways' owners. */
let open: AttackedKeep

beforeAll(async () => {
  keep = await AttackedKeep.start()
  open = await AttackedKeep.start()
  await Promise.all([plantInjections(keep), plantInjections(open)])
  await open.tearDownRowWall()
  await open.database.query(`grant all on all tables in schema memkeep
    to memkeep_door, memkeep_wide_door, memkeep_upkeep_door, memkeep_erase_door`)
})
afterAll(() => Promise.all([keep.stop(), open.stop()]))

const count = async (of: AttackedKeep, where: string) =>
  Number((await of.database.query<{ n: string }>(`select count(*) as n from ${where}`))[0]!.n)

const counted = (write: string) => `with w as (${write} returning 1) select count(*)::text from w`
/** A change that reads no column: only the policies of its own kind bind it, not those of SELECT. */
const blind = (write: string) => [`do $$ begin ${write}; end $$`]

function memoryRow(tenant: Buffer, shelf: Buffer, sensitivity: number, id: string = randomUUID()): string {
  return `insert into memkeep.memory (tenant, subject, id, version, sensitivity, trust, actor, kind, at_ms, created_ms,
    updated_ms, derived_from, shelf_version, epoch, content, details, entry) values (${hexLiteral(tenant)},
    ${hexLiteral(shelf)}, '${id}', 1, ${sensitivity}, 0, 0, 'fact', 1, 1, 1, '{}', 1, 1, '', '', '')`
}

describe('SQL injected into a doorway writes no memory', () => {
  const places: [string, Buffer, Buffer][] = [
    ['of another tenant', foreign, subject],
    ["on another tenant's common shelf", foreign, commonShelf],
    ['of another subject', own, neighbour],
    ['on the common shelf', own, commonShelf],
  ]
  test.each(places)('%s', async (_, tenant, shelf) => {
    const before = [memoryRow(tenant, shelf, 0)]
    expect(await inject(open, { before, sql: "select 'written'" })).toEqual(['written'])
    expect(await inject(keep, { before, sql: "select 'written'" })).toBe('42501')
  })

  test('above its writable mask', async () => {
    for (const writable of [0, 1, 2, 3, 4, 5, 6, 7]) {
      for (const label of [0, 1, 2]) {
        const attack = {
          stated: claims({ writable }),
          before: [memoryRow(own, subject, label)],
          sql: "select 'written'",
        }
        expect(await inject(open, attack)).toEqual(['written'])
        expect(await inject(keep, attack), `${writable} ${label}`).toEqual(
          writable & (1 << label) ? ['written'] : '42501',
        )
      }
    }
  })

  test('under a token that reaches every subject, or one that may only read', async () => {
    for (const stated of [claims({ reach: 'all', shelf: commonShelf }), claims({ rights: 1 })]) {
      for (const as of doorRoles) {
        for (const shelf of [subject, commonShelf]) {
          const attack = { as, stated, before: [memoryRow(own, shelf, 0)], sql: "select 'written'" }
          expect(await inject(open, attack)).toEqual(['written'])
          expect(await inject(keep, attack)).toBe('42501')
        }
      }
    }
  })
})

describe('SQL injected into a doorway moves no row', () => {
  const moves = ['memory', 'memory_version', 'removal', 'request'].flatMap((table) => [
    `update memkeep.${table} set tenant = ${hexLiteral(foreign)}`,
    `update memkeep.${table} set subject = ${hexLiteral(neighbour)}`,
  ])
  test.each([
    ...moves,
    'update memkeep.memory set sensitivity = 0',
    "update memkeep.event set outcome = 'ok'",
    `update memkeep.shelf set tenant = ${hexLiteral(foreign)}`,
    `update memkeep.shelf set subject = ${hexLiteral(tag('new'))}`,
    `update memkeep.tenant set tenant = ${hexLiteral(tag('new'))}`,
    'delete from memkeep.event',
    'delete from memkeep.tenant',
    'delete from memkeep.shelf',
    'truncate memkeep.memory',
  ])('%s', async (write) => {
    // The door that erases may empty what its token reaches: attacks/erasing.test.ts.
    for (const as of doorRoles.filter(
      (role) => role !== 'memkeep_erase_door' || !/delete from memkeep.(shelf|tenant)/.test(write),
    )) {
      expect(await inject(keep, { as, before: blind(write), sql: "select 'written'" })).toBe('42501')
    }
  })
  test('where nothing hinders it, it does', async () => {
    const write =
      counted(`update memkeep.memory set tenant = ${hexLiteral(foreign)} where subject = ${hexLiteral(neighbour)}
      and tenant = ${hexLiteral(own)}`)
    expect(await inject(open, { sql: write })).not.toEqual(['0'])
  })
})

describe('SQL injected into a doorway removes', () => {
  test('only from the shelf that the token writes, only what it may see, and only with a right to', async () => {
    const wipe = { before: blind('delete from memkeep.memory'), sql: "select 'done'" }
    const left = (of: AttackedKeep, tenant: Buffer, shelf: Buffer) =>
      count(of, `memkeep.memory where tenant = ${hexLiteral(tenant)} and subject = ${hexLiteral(shelf)}`)
    const before = await Promise.all([
      left(keep, own, subject),
      left(keep, own, commonShelf),
      count(keep, 'memkeep.memory'),
    ])
    expect(await inject(keep, { ...wipe, stated: claims({ rights: 1 }) })).toEqual(['done'])
    expect(await inject(keep, { ...wipe, stated: claims({ clearance: 0 }) })).toEqual(['done'])
    expect(await inject(keep, { ...wipe, stated: claims({ reach: 'all', shelf: commonShelf }) })).toEqual(['done'])
    expect(await count(keep, 'memkeep.memory')).toBe(before[2])
    expect(await inject(keep, { ...wipe, stated: claims({ clearance: 1 }) })).toEqual(['done'])
    expect(await count(keep, 'memkeep.memory where sensitivity > 0')).toBeGreaterThan(0)
    expect(await inject(keep, wipe)).toEqual(['done'])
    expect(await left(keep, own, subject)).toBe(0)
    expect(await left(keep, own, commonShelf)).toBe(before[1])
    expect(await count(keep, 'memkeep.memory')).toBe(before[2]! - before[0]!)
    expect(await inject(open, { ...wipe, stated: claims({ rights: 1 }) })).toEqual(['done'])
    expect(await count(open, 'memkeep.memory')).toBe(0)
  })
})

describe('SQL injected into a doorway cannot undo a bar or a policy', () => {
  const changes = [
    'update memkeep.shelf set state = 0',
    'update memkeep.shelf set epoch = 9',
    'update memkeep.tenant set state = 0',
    'update memkeep.tenant set epoch = 9',
  ]
  test.each(changes)('%s', async (write) => {
    expect(await inject(open, { sql: counted(write) })).not.toEqual(['0'])
    expect(await inject(keep, { sql: counted(write) })).toBe('42501')
  })

  test('the policy needs the right for it; the shelf a right to write', async () => {
    const plain = claims({ rights: 1 | 2 | 4 })
    const policy = counted("update memkeep.tenant set policy = '', policy_version = 7")
    expect(await inject(open, { stated: plain, sql: policy })).toEqual(['2'])
    expect(await inject(keep, { stated: plain, sql: policy })).toBe('42501')
    const version = counted('update memkeep.shelf set version = 7')
    expect(await inject(open, { stated: claims({ rights: 1 }), sql: version })).not.toEqual(['0'])
    expect(await inject(keep, { stated: claims({ rights: 1 }), sql: version })).toEqual(['0'])
    expect(await inject(keep, { stated: plain, sql: version })).toEqual(['1'])
  })

  test('nor write the ledger of another tenant', async () => {
    const event = `insert into memkeep.event (tenant, id, class, period, action, outcome, reach, epoch, principal, at_ms, memories,
      affected, detail) values (${hexLiteral(foreign)}, '${randomUUID()}', 0, 0, 'memory.get', 'ok', 0, 1, '', 1, '{}', 0, '')`
    expect(await inject(open, { before: [event], sql: "select 'written'" })).toEqual(['written'])
    for (const as of doorRoles) {
      expect(await inject(keep, { as, before: [event], sql: "select 'written'" })).toBe('42501')
    }
  })
})

describe('a key that exists in another tenant or shelf shows nothing', () => {
  test('memory ids', async () => {
    const [taken] = await keep.database.query<{ id: string }>('select id from memkeep.memory where tenant = $1', [
      foreign,
    ])
    // On the own shelf the id is free; elsewhere the policy answers before the key does, taken or not.
    expect(await inject(keep, { before: [memoryRow(own, subject, 0, taken!.id)], sql: "select 'written'" })).toEqual([
      'written',
    ])
    for (const conflict of [
      '',
      ' on conflict do nothing',
      ' on conflict (tenant, subject, id, sensitivity) do nothing',
    ]) {
      const probe = (id: string) =>
        inject(keep, { before: [memoryRow(foreign, subject, 0, id) + conflict], sql: "select 'written'" })
      expect([await probe(taken!.id), await probe(randomUUID())]).toEqual(['42501', '42501'])
    }
    expect(await inject(open, { before: [memoryRow(foreign, subject, 0, taken!.id)], sql: "select 'x'" })).not.toBe(
      '42501',
    )
  })

  test('tenants and shelves', async () => {
    for (const tenant of [foreign, tag('no such tenant')]) {
      const insert = (table: string, more: string, values: string) =>
        inject(keep, {
          before: [
            `insert into memkeep.${table} (tenant, epoch, state, created_ms${more})
            values (${hexLiteral(tenant)}, 1, 0, 1${values}) on conflict do nothing`,
          ],
          sql: "select 'x'",
        })
      expect(await insert('tenant', ', name', ", ''")).toBe('42501')
      expect(await insert('shelf', ', subject, version, floor, memories', `, ${hexLiteral(subject)}, 0, 0, 0`)).toBe(
        '42501',
      )
    }
  })

  test('there is no foreign key to ask', async () => {
    expect(await count(keep, "pg_constraint where connamespace = 'memkeep'::regnamespace and contype = 'f'")).toBe(0)
  })
})
