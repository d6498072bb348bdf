import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Claims } from '../../src/store/token.ts'
import {
  AttackedKeep,
  attempt,
  claims,
  commonShelf,
  foreign,
  marker,
  neighbour,
  own,
  subject,
} from './attacked-keep.ts'
import { hexLiteral } from './injection.ts'

// memkeep_label_door follows lineage above a call's clearance and over a tenant's shelves. SQL injected into one of its functions: what it
// sees, and what it changes.

let keep: AttackedKeep
/** Where row security is off on what that role may touch. */
let open: AttackedKeep

const touched = ['memory', 'aside', 'shelf', 'lineage']

beforeAll(async () => {
  ;[keep, open] = await Promise.all([AttackedKeep.start(), AttackedKeep.start()])
  for (const each of [keep, open]) {
    await plantLabelInjection(each)
    for (const tenant of [own, foreign]) {
      for (const shelf of [subject, neighbour, commonShelf]) await plantBeside(each, tenant, shelf)
    }
  }
  for (const table of touched) await open.database.query(`alter table memkeep.${table} disable row level security`)
})
afterAll(() => Promise.all([keep?.stop(), open?.stop()]))

/** A function of that role with dynamic SQL, and a doorway that calls it under a token for any doorway. */
async function plantLabelInjection(each: AttackedKeep): Promise<void> {
  await each.database.query(`
    create function memkeep.as_label(p_sql text) returns setof text
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $f$
      begin return query execute p_sql; end $f$;
    alter function memkeep.as_label(text) owner to memkeep_label_door;
    revoke all on function memkeep.as_label(text) from public;
    grant execute on function memkeep.as_label(text) to memkeep_door;
    create function memkeep.through_label(p_tenant bytea, p_token bytea, p_doorway text, p_sql text) returns setof text
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $f$
      declare c memkeep.claims := memkeep.open_token(p_tenant, p_token, p_doorway);
      begin
        return query select * from memkeep.as_label(p_sql);
        perform memkeep.record(c, 'memory.get', 'ok', '{}', 0, 'd');
      end $f$;
    alter function memkeep.through_label(bytea, bytea, text, text) owner to memkeep_door;
    grant execute on function memkeep.through_label(bytea, bytea, text, text) to memkeep_app;
    create function memkeep.lowers_to(p_tenant bytea, p_token bytea, p_source uuid, p_trust smallint) returns integer
      language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $f$
      declare c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'forget');
      declare number integer;
      begin
        number := memkeep.lower_trust(c, array[p_source], p_trust, 1000);
        perform memkeep.record(c, 'memory.get', 'ok', '{}', 0, 'd');
        return number;
      end $f$;
    alter function memkeep.lowers_to(bytea, bytea, uuid, smallint) owner to memkeep_door;
    grant execute on function memkeep.lowers_to(bytea, bytea, uuid, smallint) to memkeep_app;`)
}

/** One memory aside, and one line of lineage from a memory of the shelf to another; as the superuser. */
async function plantBeside(each: AttackedKeep, tenant: Buffer, shelf: Buffer): Promise<void> {
  await each.database.query(
    `insert into memkeep.aside (tenant, subject, id, version, sensitivity, trust, actor, kind, at_ms, created_ms, updated_ms, derived_from,
       epoch, content, details, entry, why, aside_ms)
     select tenant, subject, gen_random_uuid(), version, sensitivity, trust, actor, kind, at_ms, created_ms, updated_ms, derived_from, epoch,
       content, details, entry, 0, 1 from memkeep.memory where tenant = $1 and subject = $2 and sensitivity = 2`,
    [tenant, shelf],
  )
  await each.database.query(
    `insert into memkeep.lineage (tenant, subject, source, derived)
     select $1, $2, (select id from memkeep.memory where tenant = $1 and subject = $2 and sensitivity = 0 limit 1),
       (select id from memkeep.memory where tenant = $1 and subject = $2 and sensitivity = 2 limit 1)`,
    [tenant, shelf],
  )
}

const narrow = claims({ clearance: 0b001, writable: 0b001 })
const common = claims({ reach: 'common', shelf: commonShelf })
const wide = claims({ reach: 'all', shelf: commonShelf })

function asLabel(of: AttackedKeep, doorway: string, stated: Claims, sql: string): Promise<string | string[]> {
  const text = 'select * from memkeep.through_label($1, $2, $3, $4)'
  return attempt(of.app, text, [stated.tenant, of.token(doorway, stated), doorway, sql])
}

/** Where the rows that it sees stand. */
const places = (
  table: string,
) => `select distinct case when tenant = ${hexLiteral(foreign)} then 'foreign' when subject =
  ${hexLiteral(subject)} then 'subject' when subject = ${hexLiteral(neighbour)} then 'neighbour' else 'common' end from memkeep.${table}`
const everywhere = ['common', 'foreign', 'neighbour', 'subject']

describe.each(touched)('what it sees of %s', (table) => {
  test('is everything where the row wall is gone', async () => {
    expect(await asLabel(open, 'read', narrow, places(table))).toEqual(everywhere)
  })

  test.each(['forget', 'revise', 'sweep', 'settle', 'endorse', 'review'])(
    'under a token for %s: its own shelf, and all of its tenant when that shelf is the common one',
    async (doorway) => {
      expect(await asLabel(keep, doorway, narrow, places(table))).toEqual(['subject'])
      expect(await asLabel(keep, doorway, common, places(table))).toEqual(['common', 'neighbour', 'subject'])
      expect(await asLabel(keep, doorway, wide, places(table))).toEqual([])
    },
  )

  test('under a token for remember, which weighs lines of statements: its own shelf, no lineage, and the shelves that it holds', async () => {
    const held = ['common', 'neighbour', 'subject']
    for (const [stated, own] of [
      [narrow, 'subject'],
      [common, 'common'],
    ] as const) {
      const shown = { shelf: held, lineage: [] }[table] ?? [own]
      expect(await asLabel(keep, 'remember', stated, places(table))).toEqual(shown)
    }
    expect(await asLabel(keep, 'remember', wide, places(table))).toEqual(table === 'shelf' ? held : [])
  })

  test.each(['read', 'recall', 'hold', 'distil', 'episodes', 'export', 'note_recalled'])(
    'under a token for %s, which lowers nothing: no row',
    async (doorway) => {
      for (const stated of [narrow, common]) {
        expect(await asLabel(keep, doorway, stated, places(table))).toEqual([])
      }
    },
  )
})

test('it sees no sealed column; with the privilege it would', async () => {
  const sealed = ['memory.content', 'memory.details', 'memory.entry', 'aside.content', 'aside.verdict', 'shelf.name']
  for (const column of sealed) {
    const [table, name] = column.split('.')
    expect(await asLabel(keep, 'forget', narrow, `select ${name}::text from memkeep.${table}`), column).toBe('42501')
  }
  await open.database.query('grant select on memkeep.memory to memkeep_label_door')
  const content = "select encode(content, 'escape') from memkeep.memory"
  expect(await asLabel(open, 'forget', narrow, content)).toContain(marker(foreign, neighbour, 2))
})

describe('what it changes', () => {
  const raise = (table: string) => `with changed as (update memkeep.${table} set trust = 3 returning tenant, subject)
    ${places('x').replace('memkeep.x', 'changed')}`

  test.each(['memory', 'aside'])(
    'are labels of %s in the reach of a call that lowers, and nothing else',
    async (table) => {
      expect(await asLabel(open, 'read', narrow, raise(table))).toEqual(everywhere)
      for (const doorway of ['read', 'hold', 'distil', 'export']) {
        expect(await asLabel(keep, doorway, narrow, raise(table)), doorway).toEqual([])
      }
      // It weighs what was superseded on its own shelf, and no memory that stands.
      expect(await asLabel(keep, 'remember', narrow, raise(table))).toEqual(table === 'aside' ? ['subject'] : [])
      expect(await asLabel(keep, 'forget', narrow, raise(table))).toEqual(['subject'])
      for (const [column, value] of [
        ['sensitivity', '0'],
        ['actor', '2'],
        ['subject', hexLiteral(neighbour)],
        ['expires_ms', 'null'],
        ['content', "''"],
      ]) {
        const sql = `update memkeep.${table} set ${column} = ${value} returning 'changed'`
        expect(await asLabel(keep, 'forget', narrow, sql), column).toBe('42501')
      }
      expect(await asLabel(keep, 'forget', narrow, `delete from memkeep.${table} returning 'gone'`)).toBe('42501')
    },
  )

  test('is no shelf of another, also for remember, which only holds the common one', async () => {
    const move = `with moved as (update memkeep.shelf set version = version + 1 returning tenant, subject)
      ${places('x').replace('memkeep.x', 'moved')}`
    expect(await asLabel(open, 'read', narrow, move)).toEqual(everywhere)
    expect(await asLabel(keep, 'forget', narrow, move)).toEqual(['subject'])
    expect(await asLabel(keep, 'read', narrow, move)).toEqual([])
    expect(await asLabel(keep, 'remember', narrow, move)).toBe('42501')
    const unbar = "update memkeep.shelf set state = 0 returning 'changed'"
    expect(await asLabel(keep, 'forget', narrow, unbar)).toBe('42501')
  })

  test('is no lineage of another', async () => {
    const forget = `with gone as (delete from memkeep.lineage returning tenant, subject)
      ${places('x').replace('memkeep.x', 'gone')}`
    expect(await asLabel(keep, 'read', narrow, forget)).toEqual([])
    expect(await asLabel(keep, 'forget', narrow, forget)).toEqual(['subject'])
    expect(await asLabel(open, 'read', narrow, forget)).toEqual(everywhere)
  })
})

describe('the function that lowers', () => {
  const made = async (of: AttackedKeep): Promise<string> => {
    const [source, derived] = [randomUUID(), randomUUID()]
    await of.database.query(
      `insert into memkeep.memory (tenant, subject, id, version, sensitivity, trust, actor, kind, at_ms, created_ms, updated_ms, derived_from,
         shelf_version, epoch, content, details, entry)
       select tenant, subject, $3, version, sensitivity, 1, actor, kind, at_ms, created_ms, updated_ms, array[$4::uuid], shelf_version, epoch,
         content, details, entry from memkeep.memory where tenant = $1 and subject = $2 and sensitivity = 0 limit 1`,
      [own, subject, derived, source],
    )
    await of.database.query('insert into memkeep.lineage (tenant, subject, source, derived) values ($1, $2, $3, $4)', [
      own,
      subject,
      source,
      derived,
    ])
    return source
  }
  const lower = async (of: AttackedKeep, source: string, trust: number) =>
    attempt(of.app, 'select memkeep.lowers_to($1, $2, $3, $4)', [own, of.token('forget', narrow), source, trust])

  test('raises nothing, whatever a doorway asks; without its look at what stands there it would', async () => {
    await open.tearDown('lower_trust', /and m\.trust > p_trust;/g, ';')
    expect(await lower(open, await made(open), 3)).toEqual(['1'])
    const source = await made(keep)
    expect(await lower(keep, source, 3)).toEqual(['0'])
    expect(await lower(keep, source, 0)).toEqual(['1'])
  })
})
