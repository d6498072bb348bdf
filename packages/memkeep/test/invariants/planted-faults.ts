import { sayOtherBuild, type TestDatabase } from '../../../../test/database.ts'

/** Names of the tables whose rows a doorway may change. */
export async function tablesOf(database: TestDatabase): Promise<string[]> {
  const rows = await database.query<{ name: string }>(`select c.relname as name from pg_class c
    where c.relnamespace = 'memkeep'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
      and c.relname <> 'token_key' order by 1`)
  return rows.map(({ name }) => name)
}

/**
 * Plants a fault into every table: what comes back sets which statement of a transaction fails that changes rows, counted from 1; -1 is
 * the commit of one that wrote an event, null none.
 */
export async function plantFaults(database: TestDatabase): Promise<(n: number | null) => Promise<void>> {
  await database.query(`create table public.fault (at integer)`)
  await database.query(`grant usage on schema public to public`)
  await sayOtherBuild(database)
  await database.query(`create function public.fail_at() returns trigger language plpgsql security definer as $$
    declare n integer := coalesce(nullif(current_setting('fault.count', true), ''), '0')::integer + 1;
    begin
      perform set_config('fault.count', n::text, true);
      if n = (select at from public.fault) then raise exception 'fault %', n using errcode = 'P0001'; end if;
      return null;
    end $$`)
  await database.query(`create function public.fail_at_commit() returns trigger language plpgsql security definer as $$
    begin
      if (select at from public.fault) = -1 then raise exception 'fault at commit' using errcode = 'P0001'; end if;
      return null;
    end $$`)
  for (const table of await tablesOf(database)) {
    await database.query(`create trigger fault after insert or update or delete on memkeep.${table}
      for each statement execute function public.fail_at()`)
  }
  await database.query(`create constraint trigger fault_at_commit after insert on memkeep.event
    deferrable initially deferred for each row execute function public.fail_at_commit()`)
  return async (n) => {
    await database.query('delete from public.fault')
    if (n !== null) await database.query('insert into public.fault values ($1)', [n])
  }
}
