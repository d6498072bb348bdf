-- owner: memkeep_upkeep_door
-- callers: memkeep_upkeep

-- Values of the cache whose sources have gone: unreadable since, and to be removed where they lie. Those in p_done were, and are no longer told of. The
-- first argument is the deployment's own tag. Needs the right `upkeep`. One more row brings the outcome (ok, denied).
create or replace function memkeep.dropped_values(p_tenant bytea, p_token bytea, p_done uuid[], p_limit integer,
  p_detail bytea)
returns table (outcome text, id uuid)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'dropped_values');
  number integer := 0;
begin
  outcome := case when c.rights & 16384 = 0 then 'denied' else 'ok' end;
  return next;
  if outcome = 'ok' then
    delete from memkeep.unlearned u where u.artifact = any (p_done) and u.action = 3;
    return query select null::text, u.artifact from memkeep.unlearned u where u.action = 3 limit least(p_limit, 1000);
    get diagnostics number = row_count;
  end if;
  -- As due_shelves: a look that found nothing leaves no event.
  if outcome = 'ok' and number = 0 and p_done = '{}' then
    perform set_config('memkeep.claims', '', true);
  else
    perform memkeep.record(c, 'upkeep.values', outcome, '{}', number, p_detail);
  end if;
end $$;
