import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { rightBits } from '../../src/core/rights.ts'
import { AttackedKeep, claims, commonShelf, foreign, neighbour, own, subject } from './attacked-keep.ts'
import { hexLiteral, inject, plantInjections } from './injection.ts'

// SQL injected into a doorway that erases: it runs as the one role that deletes whatever the label.

let keep: AttackedKeep
/** The same, with row security off and every privilege on the tables given to that role. */
let open: AttackedKeep

beforeAll(async () => {
  keep = await AttackedKeep.start()
  open = await AttackedKeep.start()
  await Promise.all([plantInjections(keep), plantInjections(open)])
  await open.tearDownRowWall()
  await open.database.query('grant all on all tables in schema memkeep to memkeep_erase_door')
})
afterAll(() => Promise.all([keep.stop(), open.stop()]))

const as = 'memkeep_erase_door' as const
const erasing = rightBits.erase | rightBits.erasing
const wipe = ['do $$ begin delete from memkeep.memory; end $$']

async function left(of: AttackedKeep): Promise<Record<string, number>> {
  const rows = await of.database.query<{ place: string; n: number }>(
    `select case when tenant <> $1 then 'foreign' when subject = $2 then 'subject' when subject = $3 then 'common' else 'others' end
       as place, count(*)::int as n from memkeep.memory group by 1`,
    [own, subject, commonShelf],
  )
  return Object.fromEntries(rows.map(({ place, n }) => [place, n]))
}

describe('deletes', () => {
  test('nothing without the right that the kernel alone gives', async () => {
    const before = await left(keep)
    const all = Object.values(rightBits).reduce((mask, bit) => mask | bit, 0) & ~rightBits.erasing
    for (const stated of [claims({ rights: all }), claims({ rights: all, reach: 'all', shelf: commonShelf })]) {
      expect(await inject(keep, { as, stated, before: wipe, sql: "select 'done'" })).toEqual(['done'])
    }
    expect(await left(keep)).toEqual(before)
  })

  test("its subject's rows of every label, and no others; every subject's of its tenant for the tenant", async () => {
    const before = await left(keep)
    expect(Object.keys(before).sort()).toEqual(['common', 'foreign', 'others', 'subject'])
    const one = claims({ rights: erasing, clearance: 0 })
    expect(await inject(keep, { as, stated: one, before: wipe, sql: "select 'done'" })).toEqual(['done'])
    const { subject: _, ...others } = before
    expect(await left(keep)).toEqual(others)
    const whole = claims({ rights: erasing, reach: 'all', shelf: commonShelf })
    expect(await inject(keep, { as, stated: whole, before: wipe, sql: "select 'done'" })).toEqual(['done'])
    expect(await left(keep)).toEqual({ foreign: before.foreign })
  })

  test('everything where the row wall is gone', async () => {
    const stated = claims({ rights: 1 })
    expect(await inject(open, { as, stated, before: wipe, sql: "select 'done'" })).toEqual(['done'])
    expect(await left(open)).toEqual({})
  })
})

describe('takes a tenant out', () => {
  const erase = ['do $$ begin delete from memkeep.tenant; end $$']
  const tenants = async (of: AttackedKeep): Promise<number> =>
    (await of.database.query<{ n: number }>('select count(*)::int as n from memkeep.tenant'))[0]!.n
  const whole = claims({ rights: erasing, reach: 'all', shelf: commonShelf })

  test('not one that stands, nor by another doorway than the one that forgets', async () => {
    const before = await tenants(keep)
    expect(before).toBeGreaterThan(1)
    for (const state of [0, 1]) {
      await keep.database.query('update memkeep.tenant set state = $1 where tenant = $2', [state, own])
      expect(await inject(keep, { as, stated: whole, before: erase, sql: "select 'done'" })).toEqual(['done'])
      expect(await tenants(keep)).toBe(before)
    }
    await keep.database.query('update memkeep.tenant set state = 0 where tenant = $1', [own])
  })

  test('each of them where the row wall is gone', async () => {
    await open.database.query('alter table memkeep.tenant disable trigger all')
    expect(await inject(open, { as, stated: whole, before: erase, sql: "select 'done'" })).toEqual(['done'])
    expect(await tenants(open)).toBe(0)
  })
})

describe('sees', () => {
  test("no content, and no row but the token's", async () => {
    const whole = claims({ rights: erasing, reach: 'all', shelf: commonShelf })
    const content = "select encode(content, 'hex') from memkeep.memory_version"
    expect(await inject(keep, { as, stated: whole, sql: content })).toBe('42501')
    expect(await inject(keep, { as: 'memkeep_upkeep_door', stated: whole, sql: content })).toBe('42501')
    const tenants = "select distinct encode(tenant, 'hex') from memkeep.shelf"
    expect(await inject(keep, { as, stated: whole, sql: tenants })).toEqual([own.toString('hex')])
    const shelves = `select encode(subject, 'hex') from memkeep.shelf where subject = ${hexLiteral(neighbour)}`
    expect(await inject(keep, { as, stated: claims({ rights: erasing }), sql: shelves })).toEqual([])
  })

  test('as upkeep, rows of a memory only while the second count runs', async () => {
    const whole = claims({ rights: erasing, reach: 'all', shelf: commonShelf, tenant: foreign })
    const sql = 'select count(*)::text from memkeep.memory'
    expect(await inject(keep, { as: 'memkeep_upkeep_door', stated: whole, sql })).toEqual(['0'])
  })
})

describe('what stands of erasures', () => {
  const ids = { subject: randomUUID(), neighbour: randomUUID(), foreign: randomUUID() }
  const all = [own, subject, ids.subject, neighbour, ids.neighbour, foreign, ids.foreign]
  beforeAll(async () => {
    for (const of of [keep, open]) {
      await of.database.query(
        `insert into memkeep.erasure (tenant, id, kind, subject, epoch, state, after, reason, asked_by, principal, scope_commit,
           requested_ms, until_ms, held_until_ms)
         select w.tenant, w.id, 0, w.subject, 1, 0, 0, 0, 0, w.subject, w.subject, 1, 1, 1
         from (values ($1::bytea, $2::bytea, $3::uuid), ($1, $4, $5), ($6, $2, $7)) as w (tenant, subject, id)`,
        all,
      )
    }
    await open.database.query('alter table memkeep.erasure disable row level security')
    // Found by its id alone.
    await open.tearDown(
      'list_erasures',
      /e\.tenant = p_tenant and (?=\(p_id)|\n\s+and \(e\.subject = c\.shelf[\s\S]+?<> 0\)/g,
      '',
    )
  })

  const tenantWide = (rights: number) => claims({ rights, reach: 'all', shelf: Buffer.alloc(16) })
  const found = async (of: AttackedKeep, stated: ReturnType<typeof claims>, id: string) => {
    const text = 'select id from memkeep.list_erasures($1, $2, $3, $4) where id is not null'
    const { rows } = await of.app.query(text, [stated.tenant, of.token('list_erasures', stated), id, Buffer.from('d')])
    return rows.length > 0
  }
  const { erase, tenant } = rightBits

  test.each([
    ['of a subject, by a token of it', claims({ rights: erase }), ids.subject],
    ['of any subject, by a token of the tenant with the right for that', tenantWide(erase | tenant), ids.neighbour],
  ])('%s: shown', async (_, stated, id) => {
    expect(await found(keep, stated, id)).toBe(true)
  })

  test.each([
    ['of another subject, by a token of a subject', claims({ rights: erase | tenant }), ids.neighbour],
    [
      'of a subject, by a token of the common shelf',
      claims({ rights: erase | tenant, reach: 'common', shelf: commonShelf }),
      ids.subject,
    ],
    ['of a subject, by a token of the tenant without the right', tenantWide(erase), ids.subject],
    ['of another tenant, by a token of the tenant', tenantWide(erase | tenant), ids.foreign],
    ['of another tenant, by a token of the subject of that name', claims({ rights: erase }), ids.foreign],
  ])('%s: not shown, but where the walls are down', async (_, stated, id) => {
    expect(await found(keep, stated, id)).toBe(false)
    if (stated.reach !== 'common') expect(await found(open, stated, id)).toBe(true)
  })
})

test('undoes no bar without the right for it', async () => {
  const stated = claims({ rights: rightBits.erase | rightBits.write | rightBits.delete | rightBits.holds })
  for (const table of ['tenant', 'shelf']) {
    await keep.database.query(`update memkeep.${table} set state = 1 where tenant = $1`, [own])
    const unbar = [`do $$ begin update memkeep.${table} set state = 0; end $$`]
    expect(await inject(keep, { as, stated, before: unbar, sql: "select 'done'" })).toBe('42501')
  }
})
