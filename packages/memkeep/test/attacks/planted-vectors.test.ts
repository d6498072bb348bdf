import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { inspectLogin } from '../../src/store/inspect.ts'
import { AttackedKeep, attempt, foreign, marker, subject } from './attacked-keep.ts'
import { inject, plantInjections } from './injection.ts'

let keep: AttackedKeep
/** One with doorways that can be injected into. */
let injected: AttackedKeep
let app: pg.Client

beforeAll(async () => {
  keep = await AttackedKeep.start()
  injected = await AttackedKeep.start()
  await plantInjections(injected)
  app = keep.app
})
afterAll(() => Promise.all([keep?.stop(), injected?.stop()]))

/** Ways round row security that PostgreSQL leaves open to whoever gives them away. Each is planted by a superuser. */
interface Vector {
  /** Its number in the catalogue of docs/attacks.md. */
  readonly number: string
  readonly plant: readonly string[]
  readonly attack: string
  /** What the attack brings once it is planted. */
  readonly brings: unknown
  /** What the inspection of a connection calls it. */
  readonly finding: string
  readonly remove: readonly string[]
}

const contents = (relation: string) => `select convert_from(content, 'UTF8') from ${relation}`
const everything = expect.arrayContaining([marker(foreign, subject, 0), marker(foreign, subject, 2)])
const memory = contents('memkeep.memory')

const vectors: Vector[] = [
  {
    number: 'R1',
    plant: [
      'alter table memkeep.memory owner to memkeep_app',
      'alter table memkeep.memory no force row level security',
    ],
    attack: memory,
    brings: everything,
    finding: 'login-owner',
    remove: [
      'alter table memkeep.memory force row level security',
      'alter table memkeep.memory owner to memkeep_owner',
      'revoke all on memkeep.memory from memkeep_app',
    ],
  },
  {
    number: 'R3',
    plant: [
      `create view memkeep.seen as ${memory.replace(' from', ' as content from')}`,
      'grant select on memkeep.seen to memkeep_app',
    ],
    attack: 'select content from memkeep.seen',
    brings: everything,
    finding: 'table-privilege',
    remove: ['drop view memkeep.seen'],
  },
  {
    number: 'R4',
    plant: [
      `create function memkeep.leak() returns setof text language sql security definer as $$ ${memory} $$`,
      'grant execute on function memkeep.leak() to memkeep_app',
    ],
    attack: 'select memkeep.leak()',
    brings: everything,
    finding: 'doorway-extra',
    remove: ['drop function memkeep.leak()'],
  },
  {
    number: 'R5',
    plant: [
      `create materialized view memkeep.kept as ${memory.replace(' from', ' as content from')}`,
      'grant select on memkeep.kept to memkeep_app',
    ],
    attack: 'select content from memkeep.kept',
    brings: everything,
    finding: 'table-privilege',
    remove: ['drop materialized view memkeep.kept'],
  },
  {
    number: 'R6',
    plant: [
      'create table memkeep.child () inherits (memkeep.memory)',
      'insert into memkeep.child select * from only memkeep.memory',
      'grant select on memkeep.child to memkeep_app',
    ],
    attack: contents('memkeep.child'),
    brings: everything,
    finding: 'table-privilege',
    remove: ['drop table memkeep.child'],
  },
  {
    number: 'R9',
    plant: ['grant truncate on memkeep.removal to memkeep_app'],
    attack: 'truncate memkeep.removal',
    brings: [],
    finding: 'table-privilege',
    remove: ['revoke truncate on memkeep.removal from memkeep_app'],
  },
  {
    number: 'R20',
    plant: [
      'create sequence memkeep.counter',
      "select nextval('memkeep.counter') from generate_series(1, 7)",
      'grant select on sequence memkeep.counter to memkeep_app',
    ],
    attack: 'select last_value from memkeep.counter',
    brings: ['7'],
    finding: 'table-privilege',
    remove: ['drop sequence memkeep.counter'],
  },
]

/** Codes of what keeps this login from being served. */
async function refusedFor(): Promise<string[]> {
  const found = await inspectLogin(app, 'memkeep_app', { embedded: true, tls: 'loopback' })
  return found.filter(({ fatal }) => fatal).map(({ code }) => code)
}

test.each(vectors)('$number: $attack', async ({ plant, attack, brings, finding, remove }) => {
  const refused = /^(42501|42P01|42883)$/
  expect(await attempt(app, attack)).toMatch(refused)
  expect(await refusedFor()).toEqual([])
  for (const statement of plant) await keep.database.query(statement)
  // The wall away: it works, and nothing that is open in this way is served.
  expect(await attempt(app, attack)).toEqual(brings)
  expect(await refusedFor()).toContain(finding)
  for (const statement of remove) await keep.database.query(statement)
  expect(await attempt(app, attack)).toMatch(refused)
  expect(await refusedFor()).toEqual([])
})

describe('with a privilege that the login should not have, row security still holds', () => {
  const rowSecurity = (verb: string) => keep.database.query(`alter table memkeep.memory ${verb} row level security`)
  beforeAll(() => keep.database.query('grant select on memkeep.memory to memkeep_app').then(() => {}))
  afterAll(() => keep.database.query('revoke select on memkeep.memory from memkeep_app').then(() => {}))

  test('R2: whoever turns it off is refused by that very setting', async () => {
    await app.query('set row_security = off')
    expect(await attempt(app, memory)).toBe('42501')
    await rowSecurity('disable')
    expect(await attempt(app, memory)).toEqual(everything)
    await rowSecurity('enable')
    await app.query('reset row_security')
  })

  test('R19: COPY brings no row', async () => {
    const copied = async () => (await app.query('copy (select content from memkeep.memory) to stdout')).rowCount
    expect(await copied()).toBe(0)
    await rowSecurity('disable')
    expect(await copied()).toBe(18)
    await rowSecurity('enable')
  })
})

test('R17: a condition that fails on a hidden row is not asked of it', async () => {
  const ofForeign = `case when convert_from(content, 'UTF8') = '${marker(foreign, subject, 0)}' then 0 else 1 end`
  for (const probe of [`1 / (${ofForeign}) > 0`, `('{"a":1}'::jsonb ->> repeat('a', ${ofForeign}))::int is not null`]) {
    const attack = { sql: `select count(*)::text from memkeep.memory where ${probe}` }
    const quiet = await inject(injected, attack)
    expect([probe, quiet]).toEqual([probe, ['6']])
  }
  await injected.tearDownRowWall()
  const told = await inject(injected, { sql: `select count(*)::text from memkeep.memory where 1 / (${ofForeign}) > 0` })
  expect(told).toBe('22012')
})

test('R21: no extension is used, so none can leak', async () => {
  const installed = await keep.database.query<{ extname: string }>('select extname from pg_extension')
  expect(installed.map(({ extname }) => extname)).toEqual(['plpgsql'])
  expect(await attempt(app, 'create extension pg_trgm schema memkeep')).toMatch(/^(42501|0A000|58P01)$/)
})
