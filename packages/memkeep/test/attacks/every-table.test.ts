import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { grantOnlyRights, rightsMask } from '../../src/core/rights.ts'
import { AttackedKeep, allRights, claims, commonShelf, foreign, neighbour, own, subject } from './attacked-keep.ts'
import { type DoorRole, doorRoles, hexLiteral, inject, plantInjections } from './injection.ts'

// Every table that holds something of a subject, by SQL injected into a doorway of each owner, beside a token of one subject: what it shows of another
// subject of the same tenant, and of labels above the clearance. A table that is added stands here by itself.

interface Table {
  readonly name: string
  /** Those that take no null, with their types. */
  readonly columns: readonly { readonly name: string; readonly type: string }[]
}

let keep: AttackedKeep
/** The same with row security off, and every privilege on the tables given to the doorways' owners: the attacks succeed. */
let open: AttackedKeep
let tables: Table[]

beforeAll(async () => {
  ;[keep, open] = await Promise.all([AttackedKeep.start(), AttackedKeep.start()])
  tables = await tablesOfSubjects(keep)
  for (const each of [keep, open]) {
    await plantInjections(each)
    for (const table of tables) await fill(each, table)
  }
  for (const { name } of tables) await open.database.query(`alter table memkeep.${name} disable row level security`)
  await open.database.query(`grant all on all tables in schema memkeep to ${doorRoles.join(', ')}`)
})
afterAll(() => Promise.all([keep?.stop(), open?.stop()]))

async function tablesOfSubjects({ database }: AttackedKeep): Promise<Table[]> {
  const rows = await database.query<{ table: string; name: string; type: string }>(
    `select c.relname as table, a.attname as name, format_type(a.atttypid, null) as type
     from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and a.attnotnull and not a.attisdropped
     where c.relnamespace = 'memkeep'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
       and 2 = (select count(*) from pg_attribute k where k.attrelid = c.oid and k.attname in ('tenant', 'subject') and k.attnotnull)`,
  )
  return [...Map.groupBy(rows, ({ table }) => table)].map(([name, columns]) => ({ name, columns }))
}

/** A row of each label on each shelf of both tenants: any values that the table takes. */
async function fill(each: AttackedKeep, { name, columns }: Table): Promise<void> {
  const values: Record<string, string> = {
    bytea: 'substring(sha256(uuid_send(gen_random_uuid())) for 16)',
    uuid: 'gen_random_uuid()',
    'uuid[]': `'{}'`,
    text: `'fact'`,
    boolean: 'false',
  }
  const known: Record<string, string> = { tenant: 'o.tenant', subject: 'o.subject', sensitivity: 'o.label' }
  await each.database.query(
    `insert into memkeep.${name} (${columns.map((column) => column.name).join(', ')})
     select ${columns.map((column) => known[column.name] ?? values[column.type] ?? '1').join(', ')}
     from (select t.tenant, s.subject, l.label from unnest($1::bytea[]) t (tenant), unnest($2::bytea[]) s (subject), generate_series(0, 2) l (label)) o
     on conflict do nothing`,
    [
      [own, foreign],
      [subject, neighbour, commonShelf],
    ],
  )
}

/** Whatever a principal of a tenant can hold, but for the shelf that its subjects share. */
const powers = claims({ rights: allRights & ~rightsMask([...grantOnlyRights, 'common']) })
const hex = (shelf: Buffer) => shelf.toString('hex')
const sharedAndOwn = [hex(commonShelf), hex(subject)].sort()
const everySubject = [hex(commonShelf), hex(subject), hex(neighbour)].sort()

const subjectsIn = (of: AttackedKeep, as: DoorRole, table: string, stated = powers) => {
  const sql = `select distinct encode(subject, 'hex') from memkeep.${table} where tenant = ${hexLiteral(own)}`
  return inject(of, { as, stated, sql })
}

test("SQL injected beside a token of one subject sees no other subject's row, in any table", async () => {
  expect(tables.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['memory', 'memory_version', 'aside', 'answer']),
  )
  const shown: string[] = []
  for (const as of doorRoles) {
    for (const { name } of tables) {
      expect(await subjectsIn(open, as, name), `${as} on open ${name}`).toEqual(everySubject)
      const seen = await subjectsIn(keep, as, name)
      if (seen === '42501' || [seen].flat().every((shelf) => sharedAndOwn.includes(shelf))) continue
      shown.push(`${as} ${name}`)
    }
  }
  // Who is asked to erase looks whether an erasure or a hold stands, on a subject or on the tenant.
  expect(shown.sort()).toEqual(['memkeep_erase_door erasure', 'memkeep_erase_door hold'])
})

test('nor one above its clearance', async () => {
  const labelled = tables.filter(({ columns }) => columns.some(({ name }) => name === 'sensitivity'))
  expect(labelled.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['memory', 'memory_version', 'removal', 'aside', 'artifact']),
  )
  for (const as of doorRoles) {
    for (const reach of ['subject', 'all'] as const) {
      for (const { name } of labelled) {
        const stated = { ...powers, reach, shelf: reach === 'all' ? commonShelf : subject, clearance: 1 }
        const sql = `select distinct sensitivity::text from memkeep.${name} where tenant = ${hexLiteral(own)}`
        expect(await inject(open, { as, stated, sql }), `${as} on open ${name}`).toEqual(['0', '1', '2'])
        const seen = await inject(keep, { as, stated, sql })
        expect(['42501', '0', ''], `${as} ${reach} on ${name}`).toContain(String(seen))
      }
    }
  }
})

test('nor removes one', async () => {
  const others = async (of: AttackedKeep, table: string) => {
    const [row] = await of.database.query<{ n: number }>(
      `select count(*)::integer as n from memkeep.${table} where not (tenant = $1 and subject = $2)`,
      [own, subject],
    )
    return row!.n
  }
  const removed: string[] = []
  for (const as of doorRoles) {
    for (const { name } of tables) {
      // It reads no column, so that only the policies of DELETE bind it.
      const attack = {
        as,
        stated: powers,
        before: [`do $do$ begin delete from memkeep.${name}; end $do$`],
        sql: "select 'done'",
      }
      if (as === doorRoles[0]) {
        expect(await inject(open, attack)).toEqual(['done'])
        expect(await others(open, name), `${as} on open ${name}`).toBe(0)
      }
      const before = await others(keep, name)
      await inject(keep, attack)
      if ((await others(keep, name)) < before) removed.push(`${as} ${name}`)
    }
  }
  expect(removed).toEqual([])
})

test('nor changes or removes what an erasure is, beside a token that may ask for one', async () => {
  const bystander = randomUUID()
  for (const each of [keep, open]) {
    await each.database.query(
      `insert into memkeep.erasure (tenant, id, kind, subject, epoch, state, after, reason, asked_by, principal, scope_commit, requested_ms, until_ms, held_until_ms)
       values ($1, $2, 0, $3, 1, 0, 0, 0, 0, $3, $3, 1, 1, 0)`,
      [own, bystander, neighbour],
    )
    await each.database.query(
      `insert into memkeep.erasure_step (tenant, erasure, step, began_ms, ended_ms, notes) values ($1, $2, 'bar', 1, 1, '{}')`,
      [own, bystander],
    )
    await each.database.query(`insert into memkeep.erasure_guard (tenant, head) values ($1, 'head')`, [own])
  }
  for (const table of ['erasure_step', 'erasure_guard']) {
    await open.database.query(`alter table memkeep.${table} disable row level security`)
  }
  const standing = async (of: AttackedKeep, table: string) => {
    const [row] = await of.database.query<{ rows: string }>(
      `select coalesce(string_agg(t::text, ' ' order by t::text), '') as rows from memkeep.${table} t
       where tenant = $1 and not t::text like '%' || $2 || '%'`,
      [own, hex(subject)],
    )
    return row!.rows
  }
  for (const [table, write] of [
    ['erasure', 'update memkeep.erasure set state = 1'],
    ['erasure_step', "update memkeep.erasure_step set notes = 'none'"],
    ['erasure_guard', "update memkeep.erasure_guard set head = 'another'"],
    ['erasure_step', 'delete from memkeep.erasure_step'],
    ['erasure', 'delete from memkeep.erasure'],
  ] as const) {
    const attack = {
      as: 'memkeep_erase_door' as const,
      stated: powers,
      before: [`do $do$ begin ${write}; end $do$`],
      sql: "select 'done'",
    }
    for (const of of [keep, open]) {
      const before = await standing(of, table)
      expect(before).not.toBe('')
      await inject(of, attack)
      expect((await standing(of, table)) === before, `${write} on ${of === open ? 'open' : 'keep'}`).toBe(of === keep)
    }
  }
})
