import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  AttackedKeep,
  allRights,
  attempt,
  claims,
  commonShelf,
  foreign,
  neighbour,
  own,
  subject,
  tag,
} from './attacked-keep.ts'
import { type DoorRole, doorRoles, hexLiteral, inject, plantInjections } from './injection.ts'

// What was computed from memories, who stands behind it, and the library where tenants meet: through a doorway that can be injected into.
let keep: AttackedKeep
/** The same with row security off on these tables. */
let open: AttackedKeep

const tables = ['artifact', 'contribution', 'unlearned', 'library_entry', 'library_contribution']
const deriveDoor = 'memkeep_derive_door' as DoorRole

beforeAll(async () => {
  ;[keep, open] = await Promise.all([AttackedKeep.start(), AttackedKeep.start()])
  for (const each of [keep, open]) {
    await plantInjections(each)
    await plantDerive(each)
    for (const tenant of [own, foreign]) {
      for (const shelf of [subject, neighbour, commonShelf]) await plant(each, tenant, shelf)
    }
  }
  for (const table of tables) await open.database.query(`alter table memkeep.${table} disable row level security`)
})
afterAll(() => Promise.all([keep?.stop(), open?.stop()]))

/** As plantInjections, for the role that follows who stands behind what. */
async function plantDerive(each: AttackedKeep): Promise<void> {
  await each.database.query(`create function memkeep.injected_${deriveDoor}(p_tenant bytea, p_token bytea, p_before text[], p_sql text, p_after text[])
    returns setof text language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $f$
    declare c memkeep.claims := memkeep.open_token(p_tenant, p_token, '${deriveDoor}');
    begin
      return query execute p_sql;
      perform memkeep.record(c, 'memory.get', 'ok', '{}', 0, 'd');
    end $f$`)
  const signature = `memkeep.injected_${deriveDoor}(bytea, bytea, text[], text, text[])`
  await each.database.query(`alter function ${signature} owner to ${deriveDoor}`)
  await each.database.query(`grant execute on function ${signature} to memkeep_app`)
}

/** One artifact of the shelf, with a contributor, a note, and a part in an entry of the library; as the superuser, past every doorway. */
async function plant(each: AttackedKeep, tenant: Buffer, shelf: Buffer): Promise<void> {
  const [id, bytes] = [randomUUID(), Buffer.from(tenant.equals(own) ? 'own' : 'foreign')]
  await each.database.query(
    `insert into memkeep.artifact (tenant, subject, id, version, kind, place, state, sensitivity, trust, created_ms, updated_ms,
      derived_from, epoch, content, details) values ($1, $2, $3, 1, 'summary', 0, 0, 1, 1, 1, 1, '{}', 1, $4, $4)`,
    [tenant, shelf, id, bytes],
  )
  await each.database.query('insert into memkeep.contribution values ($1, $2, $3, $2, $3, true, false)', [
    tenant,
    shelf,
    id,
  ])
  await each.database.query("insert into memkeep.unlearned values ($1, $2, $3, $3, 'summary', 0, null, 1, 1)", [
    tenant,
    shelf,
    id,
  ])
  await each.database.query('insert into memkeep.library_contribution values ($1, $2, $3, $3, $4, true)', [
    tenant,
    shelf,
    id,
    tag('home'),
  ])
}

/** What was set aside on the shelf, and one step of descent. */
async function plantAside(each: AttackedKeep, tenant: Buffer, shelf: Buffer): Promise<void> {
  await each.database.query(
    `insert into memkeep.aside (tenant, subject, id, version, sensitivity, trust, actor, kind, at_ms, created_ms, updated_ms, derived_from,
      epoch, content, details, entry, why, aside_ms) values ($1, $2, $3, 1, 1, 1, 1, 'note', 1, 1, 1, '{}', 1, $4, $4, $4, 2, 1)`,
    [tenant, shelf, randomUUID(), Buffer.from('aside')],
  )
  await each.database.query('insert into memkeep.lineage (tenant, subject, source, derived) values ($1, $2, $3, $4)', [
    ...[tenant, shelf, randomUUID(), randomUUID()],
  ])
}

test('the role that follows descent sees what was set aside and lineage of its own tenant, and no sealed column', async () => {
  for (const each of [keep, open]) {
    for (const tenant of [own, foreign]) await plantAside(each, tenant, neighbour)
  }
  for (const table of ['aside', 'lineage']) {
    await open.database.query(`alter table memkeep.${table} disable row level security`)
    const asked = (of: AttackedKeep, tenant: Buffer) =>
      inject(of, { as: deriveDoor, stated: powers, sql: counted(table, tenant, neighbour) })
    expect([await asked(open, foreign), await asked(keep, foreign), await asked(keep, own)]).toEqual([
      ['1'],
      ['0'],
      ['1'],
    ])
    const remove = `delete from memkeep.${table} returning 'gone'`
    expect(await inject(open, { as: deriveDoor, stated: powers, sql: remove })).toBe('42501')
  }
  for (const column of ['content', 'details', 'entry', 'verdict']) {
    const sql = `select ${column}::text from memkeep.aside`
    expect(await inject(open, { as: deriveDoor, stated: powers, sql }), column).toBe('42501')
  }
})

/** A subject's powers, all of them, but for those that come with a grant or belong to the kernel. */
const powers = claims({ rights: allRights & ~(16384 | 65536 | 524288) })
const counted = (table: string, tenant: Buffer, shelf: Buffer) =>
  `select count(*)::text from memkeep.${table} where tenant = ${hexLiteral(tenant)} and subject = ${hexLiteral(shelf)}`
const withSubject = tables.filter((table) => table !== 'library_entry')

test.each(withSubject)('SQL injected into a doorway reads no foreign row of %s', async (table) => {
  let shown = 0
  for (const as of [...doorRoles, deriveDoor]) {
    for (const shelf of [subject, neighbour, commonShelf]) {
      const sql = counted(table, foreign, shelf)
      const without = await inject(open, { as, stated: powers, sql })
      // A role without a privilege on the table is stopped before row security.
      if (without !== '42501') expect(without).toEqual(['1'])
      if (without !== '42501') shown++
      expect(await inject(keep, { as, stated: powers, sql })).toEqual(without === '42501' ? '42501' : ['0'])
    }
  }
  expect(shown).toBeGreaterThan(0)
})

test('nor a neighbour’s artifact in the own tenant, but by the role that sees labels, and that sees no content', async () => {
  const sql = counted('artifact', own, neighbour)
  for (const as of doorRoles) {
    expect(await inject(open, { as, stated: powers, sql })).toEqual(['1'])
    expect(await inject(keep, { as, stated: powers, sql })).toEqual(['0'])
  }
  expect(await inject(keep, { as: deriveDoor, stated: powers, sql })).toEqual(['1'])
  for (const column of ['content', 'details']) {
    const read = `select ${column}::text from memkeep.artifact`
    expect(await inject(keep, { as: deriveDoor, stated: powers, sql: read })).toBe('42501')
    expect(await inject(keep, { as: deriveDoor, stated: powers, sql: read.replace('artifact', 'memory') })).toBe(
      '42501',
    )
  }
  expect(
    await inject(keep, { as: deriveDoor, stated: powers, sql: 'select content::text from memkeep.library_entry' }),
  ).toBe('42501')
})

test('nobody writes an artifact to another shelf or tenant, nor the shared one without the right for it', async () => {
  const insert = (
    tenant: Buffer,
    shelf: Buffer,
  ) => `insert into memkeep.artifact (tenant, subject, id, version, kind, place, state, sensitivity, trust,
    created_ms, updated_ms, derived_from, epoch, content, details) values (${hexLiteral(tenant)}, ${hexLiteral(shelf)}, gen_random_uuid(), 1, 'x', 0, 0, 1, 1, 1,
    1, '{}', 1, '', '') returning id::text`
  for (const [tenant, shelf] of [
    [foreign, subject],
    [own, neighbour],
  ] as const) {
    expect(await inject(open, { stated: powers, sql: insert(tenant, shelf) })).toHaveLength(1)
    expect(await inject(keep, { stated: powers, sql: insert(tenant, shelf) })).toBe('42501')
  }
  const narrow = claims({ rights: powers.rights & ~8 })
  expect(await inject(open, { stated: narrow, sql: insert(own, commonShelf) })).toHaveLength(1)
  expect(await inject(keep, { stated: narrow, sql: insert(own, commonShelf) })).toBe('42501')
  expect(await inject(keep, { stated: powers, sql: insert(own, subject) })).toHaveLength(1)
})

test('the application asks none of the guards by itself', async () => {
  for (const call of [
    'unlearn(null, null, null, null)',
    'hide_derived(null, null, null)',
    'unpublish(null, null, null, null)',
    "behind(null, '{}')",
  ]) {
    expect(await attempt(keep.app, `select memkeep.${call}`)).toBe('42501')
  }
  for (const table of tables) expect(await attempt(keep.app, `select 1 from memkeep.${table}`)).toBe('42501')
})
