-- owner: memkeep_upkeep_door
-- callers: memkeep_upkeep

-- Removes API keys that ended more than a day ago, kept answers that did, and support access that ended 30 days ago, of every tenant. The first argument is the deployment's own tag. Needs the
-- right `upkeep`. Leaves an event only when there were any. Outcomes: ok, denied.
create or replace function memkeep.expire_keys(p_tenant bytea, p_token bytea, p_detail bytea)
returns table (outcome text, affected integer)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'expire_keys');
begin
  affected := 0;
  outcome := case when c.rights & 16384 = 0 then 'denied' else 'ok' end;
  if outcome = 'ok' then
    delete from memkeep.api_key k where k.expires_ms < c.at_ms - 86400000;
    get diagnostics affected = row_count;
    delete from memkeep.answer a where a.until_ms < c.at_ms;
    delete from memkeep.support g where g.expires_ms < c.at_ms - 2592000000;
  end if;
  if outcome = 'ok' and affected = 0 then
    perform set_config('memkeep.claims', '', true);
  else
    perform memkeep.record(c, 'key.expire', outcome, '{}', affected, p_detail);
  end if;
  return next;
end $$;
