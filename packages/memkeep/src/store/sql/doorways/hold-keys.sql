-- owner: memkeep_door
-- callers: memkeep_app

-- Announces for how long a process holds keys open, and tells the longest that any has announced within a day. The first argument is the
-- deployment's own tag. A length that nobody had announced is an event. Outcomes: ok, denied (not a time from one second to a day).
create or replace function memkeep.hold_keys(p_tenant bytea, p_token bytea, p_hold_ms bigint, p_detail bytea)
returns table (outcome text, longest_ms bigint)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'hold_keys');
  number integer := 0;
begin
  outcome := case when p_hold_ms between 1000 and 86400000 then 'ok' else 'denied' end;
  if outcome = 'ok' then
    delete from memkeep.key_lease l where l.tenant = p_tenant and l.seen_ms < c.at_ms - 86400000;
    update memkeep.key_lease l set seen_ms = greatest(l.seen_ms, c.at_ms) where l.tenant = p_tenant and l.hold_ms = p_hold_ms;
    if not found then
      insert into memkeep.key_lease (tenant, hold_ms, seen_ms) values (p_tenant, p_hold_ms, c.at_ms) on conflict do nothing;
      get diagnostics number = row_count;
    end if;
    select max(l.hold_ms) into longest_ms from memkeep.key_lease l where l.tenant = p_tenant;
  end if;
  if outcome = 'ok' and number = 0 then
    perform set_config('memkeep.claims', '', true);
  else
    perform memkeep.record(c, 'key.hold', outcome, '{}', number, p_detail);
  end if;
  return next;
end $$;
