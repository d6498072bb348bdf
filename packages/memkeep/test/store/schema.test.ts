import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freshDatabase, type TestDatabase } from '../../../../test/database.ts'
import { doorwayFiles, doorwaysOf, functionsOf, loginRoles, schemaVersion, tableFiles } from '../../src/store/schema.ts'
import { catalogueChecks as checks } from './catalogue-checks.ts'

let database: TestDatabase
let client: pg.Client

beforeAll(async () => {
  database = await freshDatabase()
  client = new pg.Client(database.admin)
  await client.connect()
})
afterAll(async () => {
  await client.end()
  await database.drop()
})

type CheckName = keyof typeof checks

describe('the live catalogue', () => {
  test.each(Object.keys(checks) as CheckName[])('%s', async (name) => {
    expect(await checks[name](client)).toEqual([])
  })
})

const table = (columns: string): string[] => [`create table memkeep.planted (${columns})`]
const doorway = (head: string, body: string, more = ''): string[] => [
  `create function memkeep.planted(${head}) returns int language plpgsql security definer
   set search_path = pg_catalog, pg_temp as $$ ${body} $$`,
  'grant execute on function memkeep.planted to memkeep_app',
  ...(more === '' ? [] : [more]),
]
const open = (name: string): string => `declare c memkeep.claims := memkeep.open_token(p_tenant, p_token, '${name}');`
const body = (text: string): string[] => [
  `create function memkeep.planted() returns int language plpgsql as $$ begin ${text}; end $$`,
]

const planted: [CheckName, string[]][] = [
  ['keysStartWithTenant', ['create index planted on memkeep.memory (id)']],
  ['keysStartWithTenant', ['create index planted on memkeep.memory (lower(kind), tenant)']],
  ['keysStartWithTenant', ['create unique index planted on memkeep.request (key, tenant)']],
  ['keysStartWithTenant', ['alter table memkeep.memory add unique (id)']],
  [
    'keysStartWithTenant',
    ['alter table memkeep.event drop constraint event_pkey, add primary key (id, class, period)'],
  ],
  ['keysStartWithTenant', table('id uuid primary key')],
  ['tablesHaveATenantAndAKey', table('id uuid, tenant bytea, primary key (tenant, id)')],
  ['tablesHaveATenantAndAKey', table('tenant bytea not null')],
  ['tablesHaveATenantAndAKey', table('tenant text primary key')],
  ['nothingLinksTwoTenants', table('tenant bytea primary key, id int references memkeep.token_key')],
  [
    'nothingLinksTwoTenants',
    table('tenant bytea, t2 bytea, s bytea, primary key (tenant, s), foreign key (t2, s) references memkeep.shelf'),
  ],
  ['nothingLinksTwoTenants', table('tenant bytea primary key, during int4range, exclude using gist (during with &&)')],
  ['rowSecurityIsForced', ['alter table memkeep.memory no force row level security']],
  ['rowSecurityIsForced', ['alter table memkeep.memory disable row level security']],
  ['rowSecurityIsForced', ['drop policy audit on memkeep.log_tile', 'drop policy sequence on memkeep.log_tile']],
  ['rowSecurityIsForced', ['create table memkeep.part partition of memkeep.whole for values in (1)']],
  ['rowSecurityIsForced', ['alter table memkeep.event_read_03 no force row level security']],
  ['partitionsAreClosed', ['grant select on memkeep.event_read_03 to memkeep_door']],
  ['partitionsAreClosed', ['grant insert (tenant) on memkeep.event_write_15 to memkeep_upkeep_door']],
  [
    'partitionsAreClosed',
    ['create policy p on memkeep.event_admin_00 to memkeep_door using (tenant = memkeep.claim_tenant())'],
  ],
  [
    'policiesArePlain',
    ['create policy p on memkeep.memory to memkeep_door using (tenant in (select tenant from memkeep.shelf))'],
  ],
  [
    'policiesArePlain',
    ['create policy p on memkeep.memory to memkeep_door using ((select memkeep.claim_tenant()) = tenant)'],
  ],
  [
    'policiesArePlain',
    ['create policy p on memkeep.event for insert to memkeep_door with check (exists (select from memkeep.tenant))'],
  ],
  ['policiesArePlain', ['create policy p on memkeep.memory to public using (tenant = memkeep.claim_tenant())']],
  ['policiesArePlain', ['create policy p on memkeep.memory to memkeep_app using (tenant = memkeep.claim_tenant())']],
  ['policiesArePlain', ['create policy p on memkeep.memory to memkeep_door using (true)']],
  ['onlyTablesAndIndexes', ['create sequence memkeep.planted']],
  ['onlyTablesAndIndexes', ['create view memkeep.planted as select tenant from memkeep.tenant']],
  ['onlyTablesAndIndexes', ['create materialized view memkeep.planted as select 1 as n']],
  ['onlyTablesAndIndexes', ['alter table memkeep.shelf add n int generated always as identity']],
  [
    'onlyTablesAndIndexes',
    [
      'create trigger planted before update on memkeep.shelf for each row execute function suppress_redundant_updates_trigger()',
    ],
  ],
  ['onlyTablesAndIndexes', ['create rule planted as on delete to memkeep.event do instead nothing']],
  ['onlyTablesAndIndexes', ['drop sequence memkeep.ticket_low', 'create view memkeep.ticket_low as select 1 as n']],
  ...['memkeep_owner', 'memkeep_door', 'memkeep_wide_door', 'memkeep_upkeep_door', 'memkeep_app', 'public'].map(
    (role): [CheckName, string[]] => ['registersAreSealed', [`grant usage on sequence memkeep.ticket_low to ${role}`]],
  ),
  ['registersAreSealed', ['grant select on sequence memkeep.ticket_high to memkeep_door']],
  ['registersAreSealed', ['grant update on sequence memkeep.ticket_high to memkeep_door']],
  ['registersAreSealed', ['alter sequence memkeep.ticket_high owner to memkeep_owner']],
  ['registersAreSealed', ['alter sequence memkeep.ticket_high set logged']],
  ['registersAreSealed', ['alter sequence memkeep.ticket_high minvalue 0 start 0 restart 0']],
  ['registersAreSealed', ['alter sequence memkeep.ticket_low maxvalue 4294967295']],
  [
    'registersAreSealed',
    ['alter sequence memkeep.ticket_low as integer minvalue -2147483648 maxvalue 2147483647 start 1 restart 1'],
  ],
  ['registersAreSealed', ['drop sequence memkeep.ticket_low']],
  [
    'registersAreSealed',
    [
      'alter table memkeep.shelf owner to memkeep_seal',
      'alter sequence memkeep.ticket_low owned by memkeep.shelf.version',
    ],
  ],
  ['nobodyElseMayTouch', ['grant select on memkeep.memory to memkeep_app']],
  ['nobodyElseMayTouch', ['grant select (tenant) on memkeep.memory to memkeep_upkeep']],
  ['nobodyElseMayTouch', ['grant truncate on memkeep.memory to public']],
  ['nobodyElseMayTouch', ['grant usage on type memkeep.claims to public']],
  ['nobodyElseMayTouch', ['grant usage on domain memkeep.action to memkeep_app']],
  ['nobodyElseMayTouch', ['create type memkeep.planted as (n int)']],
  ['nobodyElseMayTouch', ['create sequence memkeep.planted', 'grant usage on sequence memkeep.planted to memkeep_app']],
  ['nobodyElseMayTouch', ['grant create on schema memkeep to memkeep_app']],
  ['nobodyElseMayTouch', ['grant usage on schema memkeep to public']],
  ['nobodyElseMayTouch', ['grant usage on schema public to public']],
  ['nobodyElseMayTouch', ['grant temp on database $db to public']],
  ['nobodyElseMayTouch', ['grant connect on database $db to public']],
  ['nobodyElseMayTouch', ['grant create on database $db to memkeep_app']],
  ['nobodyElseMayTouch', ['alter default privileges for role memkeep_owner grant select on tables to memkeep_app']],
  ['newObjectsAreClosed', ['alter default privileges for role memkeep_door grant execute on functions to public']],
  ['nobodyElseIsNamed', ['grant select on memkeep.memory to pg_monitor']],
  ['nobodyElseIsNamed', ['grant execute on function memkeep.enter to pg_monitor']],
  ['nobodyElseIsNamed', ['grant usage on schema memkeep to pg_monitor']],
  ['onlyTheOwnerCreates', ['grant create on schema memkeep to memkeep_door']],
  ['onlyTheOwnerCreates', ['grant create on schema memkeep to public']],
  ...['superuser', 'bypassrls', 'createrole', 'createdb', 'replication', 'login', 'inherit'].map(
    (attribute): [CheckName, string[]] => ['rolesAreBare', [`alter role memkeep_door ${attribute}`]],
  ),
  ['rolesAreBare', ['grant memkeep_seal to memkeep_owner']],
  ['rolesAreBare', ['grant pg_read_all_data to memkeep_upkeep_door']],
  ['doorwaysTakeTheTenantFirst', doorway('p_token bytea, p_tenant bytea', `${open('planted')} begin return 1; end`)],
  ['doorwaysTakeTheTenantFirst', doorway('p_tenant text, p_token bytea', 'begin return 1; end')],
  ['doorwaysTakeTheTenantFirst', doorway('', 'begin return 1; end')],
  ['doorwaysOpenTheirTokenFirst', doorway('p_tenant bytea, p_token bytea', 'begin return 1; end')],
  ['doorwaysOpenTheirTokenFirst', doorway('p_tenant bytea, p_token bytea', `${open('read')} begin return 1; end`)],
  [
    'doorwaysOpenTheirTokenFirst',
    doorway('p_tenant bytea, p_token bytea', `declare n int := 1; ${open('planted').slice(8)} begin return n; end`),
  ],
  [
    'doorwaysOpenTheirTokenFirst',
    doorway(
      'p_tenant bytea, p_token bytea',
      `${open('planted')} begin c := memkeep.open_token(p_tenant, p_token, 'read'); return 1; end`,
    ),
  ],
  ['functionsAreMadeAsWritten', ['alter function memkeep.enter owner to current_user']],
  ['functionsAreMadeAsWritten', ['alter function memkeep.enter owner to memkeep_wide_door']],
  ['functionsAreMadeAsWritten', ['alter function memkeep.enter reset search_path']],
  ['functionsAreMadeAsWritten', ['alter function memkeep.enter set search_path = public, pg_catalog']],
  ['functionsAreMadeAsWritten', ['alter function memkeep.enter set row_security = off']],
  ['functionsAreMadeAsWritten', ['alter function memkeep.claim_shelf reset search_path']],
  ['functionsAreMadeAsWritten', ['alter function memkeep.enter security invoker']],
  ['functionsAreMadeAsWritten', ['alter function memkeep.record security definer']],
  ['functionsAreMadeAsWritten', ['alter function memkeep.claim_tenant leakproof']],
  ['functionsAreMadeAsWritten', body('return 1')],
  ['loginsCallTheirDoorwaysAlone', ['grant execute on function memkeep.open_token to memkeep_app']],
  ['loginsCallTheirDoorwaysAlone', ['grant execute on function memkeep.sweep to memkeep_app']],
  ['loginsCallTheirDoorwaysAlone', ['grant execute on function memkeep.open_claims to public']],
  ['loginsCallTheirDoorwaysAlone', ['revoke execute on function memkeep.enter from memkeep_app']],
  ['loginsCallTheirDoorwaysAlone', ['create function memkeep.enter() returns int language sql as $$ select 1 $$']],
  ['twinsAreAlike', ['alter function memkeep.wide_read stable']],
  ['twinsAreAlike', ['alter function memkeep.load reset plan_cache_mode']],
  ['twinsAreAlike', ['alter function memkeep.wide_export rows 7']],
  ['twinsAreAlike', ['drop function memkeep.wide_recall']],
  ['twinsAreAlike', ['alter function memkeep.wide_recall rename to planted']],
  [
    'twinsAreAlike',
    [
      `do $do$ begin execute replace(pg_get_functiondef('memkeep.wide_load'::regproc), 'least(p_limit, 5000)', 'p_limit'); end $do$`,
    ],
  ],
  ['bodiesAreStatic', body("execute 'select 1'")],
  ['bodiesAreStatic', body('perform 1; EXECUTE format($f$ drop table x $f$)')],
  ['bodiesAreStatic', body('assert 1 = 1')],
  ['bodiesHoldNoKey', body("perform '\\x000102030405060708090a0b0c0d0e0f'::bytea")],
  ['bodiesHoldNoKey', body("perform '00112233445566778899aabbccddeeff'")],
  ['bodiesHoldNoKey', body("perform 'q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA='")],
]

describe('and what it would say of', () => {
  test.each(planted)('%s: %s', async (name, statements) => {
    await client.query('begin')
    try {
      if (statements[0]!.includes('memkeep.whole')) {
        await client.query('create table memkeep.whole (n int) partition by list (n)')
      }
      for (const text of statements) await client.query(text.replace('$db', database.name))
      expect(await checks[name](client)).not.toEqual([])
    } finally {
      await client.query('rollback')
    }
  })

  test('every rule was shown to fail', () => {
    expect(new Set(planted.map(([name]) => name))).toEqual(new Set(Object.keys(checks)))
  })
})

test('the files: numbered without a gap, one owner each, and every doorway has a caller that logs in', () => {
  expect(tableFiles().map((file) => file.number)).toEqual(
    Array.from({ length: schemaVersion }, (_, index) => index + 1),
  )
  const callable = loginRoles.flatMap(doorwaysOf).sort()
  // One is an administrator's act, as the schema's owner.
  expect([...new Set([...callable, 'begin_line'])].sort()).toEqual(doorwayFiles().flatMap(functionsOf).sort())
  // What both logins may call reads the log: whoever waits for a proof may be either.
  expect(callable.filter((name, i) => callable[i - 1] === name)).toEqual([
    'prove_event',
    'read_head',
    'read_log',
    'wide_prove_event',
  ])
})

test('every read of one subject has a twin for every subject, every count of what is left one by another role, with the same callers', () => {
  const pairs = doorwayFiles().flatMap((file, index, all) =>
    all
      .slice(index + 1)
      .filter((other) => other.name.startsWith(`${file.name} (`))
      .map((twin) => [file, twin] as const),
  )
  const wide = (name: string) => [[name], 'memkeep_door', [`wide_${name}`], 'memkeep_wide_door']
  const recount = [['inspect_scope'], 'memkeep_erase_door', ['recount_scope'], 'memkeep_upkeep_door']
  expect(pairs.map(([file, twin]) => [functionsOf(file), file.owner, functionsOf(twin), twin.owner])).toEqual([
    ...['artifacts', 'export', 'held'].map(wide),
    recount,
    ...['list_events', 'load', 'prove_event', 'read', 'recall', 'support_read'].map(wide),
  ])
  for (const [file, twin] of pairs) expect(twin.callers).toEqual(file.callers)
})

test('installed by a superuser, everything belongs to a role that cannot log in', async () => {
  const rows = await database.query<{ name: string }>(
    `select c.relname as name from pg_class c where c.relnamespace = 'memkeep'::regnamespace
       and pg_get_userbyid(c.relowner) <> case when c.relname in ('token_key', 'token_key_pkey', 'ticket_high', 'ticket_low')
         then 'memkeep_seal' else 'memkeep_owner' end
     union all select n.nspname from pg_namespace n where n.nspname = 'memkeep' and pg_get_userbyid(n.nspowner) <> 'memkeep_owner'`,
  )
  expect(rows).toEqual([])
})
