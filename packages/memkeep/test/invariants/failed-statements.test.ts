import { afterAll, beforeAll, expect, test } from 'vitest'
import { mintGrant } from '../../src/trust.ts'
import { TestKeep } from '../support/test-keep.ts'

// Audit if and only if operation: in each doorway the n-th statement that changes a row fails, for every n, and then the commit.
// Whatever fails, no byte of the database has changed; when nothing does, there is the act and its one event.

let store: TestKeep

beforeAll(async () => {
  store = await TestKeep.start()
  await store.database.query(`create table public.fault (at integer)`)
  await store.database.query(`grant usage on schema public to public`)
  await store.database.query(`create function public.fail_at() returns trigger language plpgsql security definer as $$
    declare n integer := coalesce(nullif(current_setting('fault.count', true), ''), '0')::integer + 1;
    begin
      perform set_config('fault.count', n::text, true);
      if n = (select at from public.fault) then raise exception 'fault %', n using errcode = 'P0001'; end if;
      return null;
    end $$`)
  await store.database.query(`create function public.fail_at_commit() returns trigger language plpgsql security definer as $$
    begin
      if (select at from public.fault) = -1 then raise exception 'fault at commit' using errcode = 'P0001'; end if;
      return null;
    end $$`)
  for (const table of await tables()) {
    await store.database.query(`create trigger fault after insert or update or delete on memkeep.${table}
      for each statement execute function public.fail_at()`)
  }
  await store.database.query(`create constraint trigger fault_at_commit after insert on memkeep.event
    deferrable initially deferred for each row execute function public.fail_at_commit()`)
})
afterAll(() => store[Symbol.asyncDispose]())

async function tables(): Promise<string[]> {
  const rows = await store.database.query<{ name: string }>(`select c.relname as name from pg_class c
    where c.relnamespace = 'memkeep'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
      and c.relname <> 'token_key' order by 1`)
  return rows.map(({ name }) => name)
}

/** Every row of every table. */
async function everything(): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {}
  for (const table of await tables()) {
    const [row] = await store.database.query(
      `select count(*)::int as n, md5(string_agg(t::text, ',' order by t::text)) as rows from memkeep.${table} t`,
    )
    found[table] = row
  }
  return found
}

async function failingAt(n: number | null): Promise<void> {
  await store.database.query('delete from public.fault')
  if (n !== null) await store.database.query('insert into public.fault values ($1)', [n])
}

const grant = () =>
  mintGrant({
    principal: { id: 'operator', roles: [] },
    rights: ['tenants', 'keys'],
    reason: 'a test',
    ttlSeconds: 600,
  })
let number = 0

/** Each act by its name in the ledger. `ready` makes what it needs, without a fault. */
const acts: Record<string, { ready?: () => Promise<string>; act: (id: string) => Promise<unknown>; reads?: boolean }> =
  {
    'memory.add': {
      act: () => store.memory().add(`number ${++number}`, { actor: 'user', idempotencyKey: `key ${number}` }),
    },
    'memory.update': {
      ready: async () => (await store.memory().add('before', { actor: 'user' })).id,
      act: (id) => store.memory().update(id, { content: 'after' }, { actor: 'user' }),
    },
    'memory.delete': {
      ready: async () => (await store.memory().add('to go', { actor: 'user' })).id,
      act: (id) => store.memory().delete(id),
    },
    'memory.get': {
      ready: async () => (await store.memory().add('to read', { actor: 'user' })).id,
      act: (id) => store.memory().get(id),
      reads: true,
    },
    'memory.export': {
      act: () =>
        store
          .memory({ roles: ['export'] })
          .export()
          .next(),
      reads: true,
    },
    'tenant.create': { act: () => store.keep.privileged(grant()).tenants.create(`tenant ${++number}`) },
    'tenant.policy': {
      act: () => store.keep.privileged(grant()).tenants.setQuota('globex', { memories: 1000 + ++number }),
    },
    'key.create': {
      act: () =>
        store.keep
          .privileged(grant())
          .keys.create({ tenant: 'acme', subject: 'ana', principal: { id: 'k', roles: [] } }),
    },
    'audit.list': { act: () => store.memory({ rights: ['audit'] }).audit.list(), reads: true },
  }

const eventsOf = async (action: string) =>
  (
    (await store.database.query<{ n: number }>(
      "select count(*)::int as n from memkeep.event where action = $1 and outcome = 'ok'",
      [action],
    )) as [{ n: number }]
  )[0].n

test.each(Object.keys(acts))('%s', { timeout: 120_000 }, async (action) => {
  const { ready, act, reads } = acts[action]!
  await failingAt(null)
  // What the process asks for first (a policy, a subject's key) is an event of its own.
  await act((await ready?.()) ?? '').catch(() => {})
  const id = (await ready?.()) ?? ''
  let failed = 0
  for (let n = 1; ; n++) {
    const before = await everything()
    const events = await eventsOf(action)
    await failingAt(n)
    const done = await act(id).then(
      () => true,
      () => false,
    )
    await failingAt(null)
    if (done) {
      expect(await eventsOf(action)).toBe(events + 1)
      if (reads !== true) expect(await everything()).not.toEqual(before)
      break
    }
    failed++
    // A call of two steps may have made the first one, which is a read and its event.
    if (action === 'tenant.policy' || action === 'memory.update') expect(await eventsOf(action)).toBe(events)
    else expect(await everything(), `statement ${n}`).toEqual(before)
  }
  expect(failed).toBeGreaterThanOrEqual(reads === true ? 1 : 2)
  const again = (await ready?.()) ?? ''
  const events = await eventsOf(action)
  const before = await everything()
  await failingAt(-1)
  await expect(act(again)).rejects.toThrow()
  await failingAt(null)
  expect(await eventsOf(action)).toBe(events)
  if (!['tenant.policy', 'memory.update'].includes(action)) expect(await everything(), 'commit').toEqual(before)
})
