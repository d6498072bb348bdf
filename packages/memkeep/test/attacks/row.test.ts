import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  AttackedKeep,
  claims,
  commonShelf,
  foreign,
  marker,
  neighbour,
  own,
  subject,
  tenantTables,
} from './attacked-keep.ts'
import { doorRoles, hexLiteral, inject, plantInjections } from './injection.ts'

let keep: AttackedKeep
/** The same, with row security off. */
let open: AttackedKeep

beforeAll(async () => {
  keep = await AttackedKeep.start()
  open = await AttackedKeep.start()
  await Promise.all([plantInjections(keep), plantInjections(open)])
  await open.tearDownRowWall()
})
afterAll(() => Promise.all([keep.stop(), open.stop()]))

const everyMemory = "select encode(content, 'escape') from memkeep.memory"
const shelves = [subject, neighbour, commonShelf]
const all = [own, foreign]
  .flatMap((tenant) => shelves.flatMap((shelf) => [0, 1, 2].map((s) => marker(tenant, shelf, s))))
  .sort()
const of = (tenant: Buffer, inSight: readonly Buffer[], labels: readonly number[]) =>
  inSight.flatMap((shelf) => labels.map((label) => marker(tenant, shelf, label))).sort()
const wide = (clearance = 0b111) => claims({ reach: 'all', shelf: commonShelf, clearance })

describe('SQL injected into a doorway reads', () => {
  test('its own subject and the common shelf, within its clearance, and no more', async () => {
    expect(await inject(open, { sql: everyMemory })).toEqual(all)
    expect(await inject(keep, { sql: everyMemory })).toEqual(of(own, [subject, commonShelf], [0, 1, 2]))
    for (const clearance of [0, 1, 2, 3, 4, 5, 6]) {
      const labels = [0, 1, 2].filter((label) => clearance & (1 << label))
      const answer = await inject(keep, { stated: claims({ clearance }), sql: everyMemory })
      expect(answer).toEqual(of(own, [subject, commonShelf], labels))
    }
  })

  test('with a common token only the common shelf', async () => {
    const stated = claims({ reach: 'common', shelf: commonShelf })
    expect(await inject(open, { stated, sql: everyMemory })).toEqual(all)
    expect(await inject(keep, { stated, sql: everyMemory })).toEqual(of(own, [commonShelf], [0, 1, 2]))
  })

  test('with a tenant-wide token its tenant, and that only in the wide doorways', async () => {
    expect(await inject(open, { as: 'memkeep_wide_door', stated: wide(), sql: everyMemory })).toEqual(all)
    expect(await inject(keep, { as: 'memkeep_wide_door', stated: wide(), sql: everyMemory })).toEqual(
      of(own, shelves, [0, 1, 2]),
    )
    expect(await inject(keep, { as: 'memkeep_wide_door', stated: wide(1), sql: everyMemory })).toEqual(
      of(own, shelves, [0]),
    )
    expect(await inject(keep, { stated: wide(), sql: everyMemory })).toEqual([])
    expect(await inject(keep, { as: 'memkeep_wide_door', sql: everyMemory })).toEqual([])
  })

  test('nothing of memories as upkeep', async () => {
    await open.database.query('grant select on memkeep.memory to memkeep_upkeep_door')
    expect(await inject(open, { as: 'memkeep_upkeep_door', sql: everyMemory })).toEqual(all)
    expect(await inject(keep, { as: 'memkeep_upkeep_door', sql: everyMemory })).toBe('42501')
  })

  test('no row of another tenant in any table, whatever the owner of the doorway', async () => {
    for (const role of doorRoles) {
      for (const table of tenantTables) {
        const sql = `select encode(tenant, 'hex') from memkeep.${table} where tenant = ${hexLiteral(foreign)}`
        const stated = role === 'memkeep_wide_door' ? wide() : claims({ rights: 0 })
        await open.database.query(`grant select on memkeep.${table} to ${role}`)
        if (!['memory_version', 'removal'].includes(table)) {
          expect(await inject(open, { as: role, stated, sql }), `${role} on open ${table}`).toContain(
            foreign.toString('hex'),
          )
        }
        expect(['42501', ''], `${role} on ${table}`).toContain(String(await inject(keep, { as: role, stated, sql })))
      }
    }
  })

  test('no token key', async () => {
    const sql = "select encode(ipad, 'hex') from memkeep.token_key"
    for (const role of doorRoles) {
      await open.database.query(`grant select on memkeep.token_key to ${role}`)
      expect(await inject(open, { as: role, sql })).toHaveLength(1)
      expect(await inject(keep, { as: role, sql })).toBe('42501')
    }
  })

  test('no ledger row: none of a neighbour either, whom the same service asked for', async () => {
    const sql = "select coalesce(encode(subject, 'hex'), '') || array_to_string(memories, ',') from memkeep.event"
    const ofNeighbour = (rows: string | string[]) =>
      [rows].flat().some((row) => row.startsWith(neighbour.toString('hex')))
    expect(ofNeighbour(await inject(open, { sql }))).toBe(true)
    for (let time = 0; time < 2; time++) expect(await inject(keep, { sql })).toEqual([])
    for (const as of ['memkeep_wide_door', 'memkeep_upkeep_door'] as const)
      expect(await inject(keep, { as, sql })).toEqual([])
  })
})

describe('SQL injected into a doorway cannot shed the row wall', () => {
  const changes = [
    'set local row_security = off',
    'alter table memkeep.memory disable row level security',
    'alter table memkeep.memory no force row level security',
    'drop policy read on memkeep.memory',
    'create policy mine on memkeep.memory using (true)',
    'alter policy read on memkeep.memory using (true)',
    'grant select on memkeep.memory to memkeep_app',
    'create or replace function memkeep.open_claims() returns bytea language sql as $$ select null::bytea $$',
    'alter function memkeep.open_claims() security invoker',
    'drop function memkeep.open_claims() cascade',
    'set local role memkeep_owner',
    'set local role memkeep_seal',
    'set session authorization memkeep_owner',
    'set local session_replication_role = replica',
    'alter role memkeep_door bypassrls',
    'grant memkeep_owner to memkeep_door',
    'create temp table held as select * from memkeep.memory',
    'create table memkeep.held as select * from memkeep.memory',
    'create function memkeep.held() returns integer language sql as $$ select 1 $$',
    'create schema held',
    'create view memkeep.held as select * from memkeep.memory',
    'create trigger t before insert on memkeep.memory for each row execute function memkeep.claim_tenant()',
    'truncate memkeep.memory',
    'analyze memkeep.memory',
    "copy memkeep.memory to program 'cat'",
    "select lo_import('/etc/passwd')",
    "select pg_read_file('PG_VERSION')",
    'alter system set row_security = off',
  ]
  test.each(changes)('%s', async (change) => {
    const before = await policies(keep)
    const answer = await inject(keep, { before: [change], sql: everyMemory })
    // These two are a warning and no act when the right is missing; everything else is refused.
    if (/^(analyze|grant select)/.test(change)) expect(answer).toEqual(of(own, [subject, commonShelf], [0, 1, 2]))
    else expect(typeof answer, String(answer)).toBe('string')
    expect(await policies(keep)).toEqual(before)
  })

  test('the list above is of things that work: a superuser may do them', async () => {
    for (const change of [
      'alter table memkeep.memory disable row level security',
      'create temp table held as select 1',
    ]) {
      await expect(keep.database.query(`begin; ${change}; rollback`)).resolves.not.toThrow()
    }
  })
})

const policies = (of: AttackedKeep) =>
  of.database.query(`select c.relname, c.relrowsecurity, c.relforcerowsecurity, c.relacl::text, p.polname,
      pg_get_expr(p.polqual, p.polrelid) as reads, pg_get_expr(p.polwithcheck, p.polrelid) as writes
    from pg_class c left join pg_policy p on p.polrelid = c.oid
    where c.relnamespace = 'memkeep'::regnamespace order by 1, 5`)
