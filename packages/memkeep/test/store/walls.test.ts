import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loginPasswords } from '../../../../test/database.ts'
import { openPool } from '../../src/store/connect.ts'
import { inspectLogin } from '../../src/store/inspect.ts'
import { install } from '../../src/store/install.ts'
import {
  doorwayFiles,
  doorwaysDigest,
  functionsOf,
  guardFiles,
  loginRoles,
  policiesText,
} from '../../src/store/schema.ts'
import { formOf } from '../../src/store/sql-expression.ts'
import { readWallFacts, type WallFacts } from '../../src/store/wall-facts.ts'
import { wallPlan } from '../../src/store/wall-plan.ts'
import { documentedSettings, PgBouncer, pgBouncerName, pgBouncerVersion } from '../matrix/pgbouncer.ts'
import { type PrivateDatabase, type PrivateServer, privateServer, run, withClient } from './private-server.ts'

// What somebody with the database's ownership opened, by hand or by a script: found by its name, whoever asks.

let server: PrivateServer
let database: PrivateDatabase
beforeAll(async () => {
  server = await privateServer()
  database = await server.database()
})
afterAll(() => server?.stop())

const found = async (login: (typeof loginRoles)[number] = 'memkeep_app', of = database) =>
  withClient(login === 'memkeep_app' ? of.app : of.upkeep, (client) =>
    inspectLogin(client, login, { embedded: true, tls: 'loopback' }),
  )
const walls = (): Promise<WallFacts> => withClient(database.app, readWallFacts)

test('as installed nothing is found, and the plan has every function and policy of the files', async () => {
  for (const login of loginRoles) {
    expect((await found(login)).filter(({ code }) => code !== 'server-old')).toEqual([])
  }
  const files = [...guardFiles(), ...doorwayFiles()]
  expect(wallPlan().functions.map(({ name }) => name)).toEqual(files.flatMap(functionsOf))
  expect(wallPlan().policies).toHaveLength([...policiesText().matchAll(/^create policy /gm)].length)
  const facts = await walls()
  expect(facts.functions).toHaveLength(wallPlan().functions.length)
  expect(facts.policies).toHaveLength(wallPlan().policies.length)
})

/** The row wall of memories, open to whoever stands before it. */
const open = 'using (true)'

interface Planted {
  readonly what: string
  /** The finding, and what it names. */
  readonly says: RegExp
  readonly isFatal?: boolean
  readonly plant: readonly string[]
  readonly undo: readonly string[]
}

const again = ['again']
const doorway = doorwayFiles().find((file) => functionsOf(file).includes('recall'))!

const planted: Planted[] = [
  {
    what: 'a policy that lets everything through',
    says: /^policy-altered .*memory\.read\b/,
    plant: [`alter policy read on memkeep.memory ${open}`],
    undo: again,
  },
  {
    what: 'one more policy',
    says: /^policy-altered .*memory\.zz/,
    plant: [`create policy zz on memkeep.memory for select ${open}`],
    undo: ['drop policy zz on memkeep.memory'],
  },
  {
    what: 'a policy of the same text for everybody',
    says: /^policy-altered .*memory\.read\b/,
    plant: ['alter policy read on memkeep.memory to public'],
    undo: again,
  },
  {
    what: 'a policy with its words in other parentheses',
    says: /^policy-altered .*shelf\.read_labels\b/,
    plant: [
      `alter policy read_labels on memkeep.shelf using
        ((tenant = memkeep.claim_tenant() and memkeep.claim_lowers(subject)) or memkeep.claim_doorway() = 'remember')`,
    ],
    undo: again,
  },
  {
    what: 'a policy that is gone',
    says: /^policy-altered .*memory\.read\b/,
    plant: ['drop policy read on memkeep.memory'],
    undo: again,
  },
  {
    what: 'another body of a doorway, with its owner and search path',
    says: /^function-altered .*\brecall\b/,
    plant: [doorway.text.replace(/\bbegin\b/, 'begin perform 1;')],
    undo: again,
  },
  {
    what: 'another body of what a policy asks',
    says: /^function-altered .*\bclaim_tenant\b/,
    plant: [
      `create or replace function memkeep.claim_tenant() returns bytea language sql stable cost 1000
      return substring(memkeep.open_claims() from 7 for 16)`,
    ],
    undo: again,
  },
  {
    what: 'another owner of a guard, which no login may call',
    says: /^function-altered .*\brecord\b/,
    plant: ['alter function memkeep.record owner to current_user'],
    undo: ['alter function memkeep.record owner to memkeep_owner'],
  },
  {
    what: 'an overload of a guard, which no login may call',
    says: /^function-altered .*\badmit\b/,
    plant: [
      "create function memkeep.admit(c memkeep.claims, p_right bigint) returns text language sql as $$ select 'ok' $$",
      'revoke all on function memkeep.admit(memkeep.claims, bigint) from public',
    ],
    undo: ['drop function memkeep.admit(memkeep.claims, bigint)'],
  },
  {
    what: 'a trigger',
    says: /^table-hook .*memory: zz/,
    plant: [
      "create function public.zz() returns trigger language plpgsql as 'begin return new; end'",
      'create trigger zz before insert on memkeep.memory for each row execute function public.zz()',
    ],
    undo: ['drop trigger zz on memkeep.memory', 'drop function public.zz()'],
  },
  {
    what: 'a rule',
    says: /^table-hook .*memory: zz/,
    plant: ['create rule zz as on insert to memkeep.memory do also nothing'],
    undo: ['drop rule zz on memkeep.memory'],
  },
  {
    what: 'an owner that logs in',
    says: /^owner-role .*memkeep_owner login/,
    plant: ['alter role memkeep_owner login'],
    undo: ['alter role memkeep_owner nologin'],
  },
  {
    what: 'an event trigger',
    says: /^event-trigger .*\bzz\b/,
    isFatal: false,
    plant: [
      "create function public.zz() returns event_trigger language plpgsql as 'begin end'",
      'create event trigger zz on ddl_command_end execute function public.zz()',
    ],
    undo: ['drop event trigger zz', 'drop function public.zz()'],
  },
  {
    what: 'a publication of everything',
    says: /^rows-published .*\bzz\b/,
    isFatal: false,
    plant: ['create publication zz for all tables'],
    undo: ['drop publication zz'],
  },
  {
    what: 'a publication of one table',
    says: /^rows-published .*\bzz\b/,
    isFatal: false,
    plant: ['create publication zz for table memkeep.memory'],
    undo: ['drop publication zz'],
  },
]

describe('found by name, by either login, and where it opens a wall refused:', () => {
  test.each(planted)('$what', async ({ says, isFatal = true, plant, undo }) => {
    await run(database.admin, ...plant)
    try {
      for (const login of loginRoles) {
        const told = (await found(login)).filter(({ code }) => code !== 'server-old')
        expect(told.filter(({ fatal }) => fatal === isFatal).map(({ code, message }) => `${code} ${message}`)).toEqual([
          expect.stringMatching(says),
        ])
      }
      const pool = openPool({ ...database.app, max: 1 }, 'memkeep_app', { embedded: true })
      const answer = await pool.query('select 1').then(
        () => 'ok',
        (error: { code: string }) => error.code,
      )
      await pool.end()
      expect(answer).toBe(isFatal ? 'ERR_STORE_UNSAFE' : 'ok')
    } finally {
      if (undo === again) await install(database.admin, loginPasswords, { again: true })
      else await run(database.admin, ...undo)
    }
    expect((await found()).filter(({ code }) => code !== 'server-old')).toEqual([])
  })
})

test.skipIf(pgBouncerVersion === null)(`through ${pgBouncerName} too`, async () => {
  const bouncer = await PgBouncer.before(database.app, { settings: documentedSettings() })
  try {
    const login = bouncer.through(database.app)
    const told = () =>
      withClient(login, (client) => inspectLogin(client, 'memkeep_app', { embedded: true, tls: 'loopback' }))
    expect((await told()).filter(({ fatal }) => fatal)).toEqual([])
    await run(database.admin, `create policy zz on memkeep.memory for select ${open}`)
    expect((await told()).filter(({ fatal }) => fatal).map(({ code }) => code)).toEqual(['policy-altered'])
  } finally {
    await run(database.admin, 'drop policy if exists zz on memkeep.memory')
    await bouncer.stop()
  }
})

test('what another build made is not compared, and that is said', async () => {
  const other = await server.database()
  const { rows } = await withClient(other.admin, (client) =>
    client.query<{ note: string }>("select obj_description('memkeep'::regnamespace, 'pg_namespace') as note"),
  )
  const note = rows[0]!.note.replace(doorwaysDigest(), '0'.repeat(32))
  await run(other.admin, `alter policy read on memkeep.memory ${open}`, `comment on schema memkeep is '${note}'`)
  expect((await found('memkeep_app', other)).map(({ code }) => code)).toContain('doorways-differ')
})

describe('the one form of an expression', () => {
  test.each([
    ['a = b and (c or d)', '((a = b) AND (c OR d))'],
    ['a and b and c', '(a AND (b AND c))'],
    ["memkeep.f() in ('x', 'y')", "(memkeep.f() = ANY (ARRAY['x'::text, 'y'::text]))"],
    ['a = any (memkeep.f(1 | 2))', '(a = ANY (memkeep.f((1 | 2))))'],
    ['memkeep.f(a, null) is null', '(memkeep.f(a, (NULL::smallint)::integer) IS NULL)'],
    ['substring(memkeep.f() from 6 for 16)', '"substring"(memkeep.f(), 6, 16)'],
    ['case c.x when 0 then array[c.y] end', 'CASE (c).x WHEN 0 THEN ARRAY[(c).y] ELSE NULL::bytea[] END'],
  ])('%s', (ours, theirs) => {
    expect(formOf(theirs)).toBe(formOf(ours))
    expect(formOf(ours)).not.toBe(ours)
  })

  test.each([
    ['a and (b or c)', '((a and b) or c)'],
    ['a = b', 'a >= b'],
    ['a = b', 'a = c'],
    ['not (a and b)', 'not a and b'],
    ['memkeep.f(1)', 'public.f(1)'],
    ["a = 'x'", "a = 'X'"],
    ['a = any (b)', 'a = b'],
    ['a is null', 'a is not null'],
    ['true', '(true or a)'],
    ['a = b', '((a)::"char" = (b)::"char")'],
    ['a = b', '(a OPERATOR(public.=) b)'],
    ['a = b', '((a)::public.text = b)'],
    ['a = b', 'a = (select b)'],
  ])('%s is not %s', (one, other) => {
    expect(formOf(one)).not.toBe(formOf(other))
  })
})
