import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { rightBits } from '../../src/core/rights.ts'
import { AttackedKeep, attempt, claims, own } from './attacked-keep.ts'
import { doorRoles, inject, plantInjections } from './injection.ts'

let keep: AttackedKeep
/** The same, with one wall taken out. */
let torn: AttackedKeep
let upkeep: pg.Client
let tornUpkeep: pg.Client

beforeAll(async () => {
  keep = await AttackedKeep.start()
  torn = await AttackedKeep.start()
  await plantInjections(keep)
  upkeep = await keep.connect(keep.database.upkeep)
  tornUpkeep = await torn.connect(torn.database.upkeep)
})
afterAll(() => Promise.all([keep.stop(), torn.stop()]))

const text = 'select outcome from memkeep.empty_reads($1, $2, $3, $4, $5)'
const later = Date.now() + 1e12
const period = Math.floor(Date.now() / 2592000000) % 16
const upkeepClaims = claims({ reach: 'all', rights: rightBits.upkeep })

const empty = (of: AttackedKeep, client: pg.Client, stated = upkeepClaims, beforeMs = later, which = period) =>
  attempt(client, text, [own, of.token('empty_reads', stated), which, beforeMs, Buffer.from('d')])

const reads = async (of: AttackedKeep): Promise<number> =>
  (await of.database.query<{ n: number }>('select count(*)::integer as n from memkeep.event where class = 0'))[0]!.n

async function plantReads(of: AttackedKeep): Promise<number> {
  for (let n = 0; n < 3; n++) {
    await attempt(of.app, "select outcome from memkeep.enter($1, $2, 'd')", [own, of.token('enter')])
  }
  return reads(of)
}

describe('reads that do not lie in the cold tier', () => {
  test('are not taken out, whatever upkeep asks; without the look at the logs they would be', async () => {
    await torn.tearDown('empty_reads', /\(e\.at_ms >= p_before_ms[\s\S]+?l\.archived\)\)/, 'false')
    expect(await plantReads(torn)).toBeGreaterThan(2)
    expect(await empty(torn, tornUpkeep)).toEqual(['ok'])
    expect(await reads(torn)).toBe(0)
    const before = await plantReads(keep)
    expect(await empty(keep, upkeep)).toEqual(['conflict'])
    expect(await reads(keep)).toBe(before)
  })

  test('nor those that have their place in a log, and are not said to lie there', async () => {
    const before = await plantReads(keep)
    await keep.database.query(
      `with gone as (delete from memkeep.pending where class = 0 returning tenant, id)
       insert into memkeep.log_entry (tenant, line, seq, event, class, entry)
       select tenant, 1, row_number() over (partition by tenant order by id) - 1, id, 0, 'x' from gone`,
    )
    await keep.database.query(
      `insert into memkeep.log (tenant, line, size, vkey, signed_ms, note, archived)
       select tenant, 1, count(*), 'k', 0, 'n', count(*) - 1 from memkeep.log_entry group by tenant`,
    )
    expect(await empty(keep, upkeep)).toEqual(['conflict'])
    await keep.database.query('update memkeep.log set archived = size')
    expect(await empty(keep, upkeep, upkeepClaims, 1)).toEqual(['conflict'])
    expect(await reads(keep)).toBe(before)
    expect(await empty(keep, upkeep)).toEqual(['ok'])
    expect(await reads(keep)).toBe(0)
  })
})

test('only upkeep empties: not the application’s login, and no token without the right', async () => {
  expect(await empty(keep, keep.app)).toBe('42501')
  for (const rights of [0, rightBits.audit, ~rightBits.upkeep & 0x7fffffff])
    expect(await empty(keep, upkeep, claims({ reach: 'all', rights }))).toEqual(['denied'])
  for (const which of [-1, 16]) expect(await empty(keep, upkeep, upkeepClaims, later, which)).toEqual(['denied'])
})

test('SQL injected into any other doorway empties nothing, and into upkeep’s no writes', async () => {
  for (const as of doorRoles) {
    for (const table of ['event', 'event_read_00', 'event_write_00', 'event_admin_00', 'log_entry', 'memory']) {
      const before = [`truncate memkeep.${table}`]
      expect(await inject(keep, { as, before, sql: "select 'emptied'" }), `${as} ${table}`).toBe('42501')
    }
  }
  const held = await keep.database.query<{ relname: string }>(
    `select c.relname from pg_class c where c.relnamespace = 'memkeep'::regnamespace and c.relkind in ('r', 'p')
     and has_table_privilege('memkeep_retain_door', c.oid, 'TRUNCATE')`,
  )
  expect(held).toHaveLength(16)
  for (const { relname } of held) expect(relname).toMatch(/^event_read_\d\d$/)
})
