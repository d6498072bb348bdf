-- owner: memkeep_derive_door
-- callers: memkeep_upkeep

-- As due_rebuilds, for hidden entries of the deployment's library: each with the tenants whose memories were named and are still there. The
-- first argument is the deployment's own tag. Needs the right `upkeep`. One more row brings the outcome (ok, denied).
create or replace function memkeep.due_entries(p_tenant bytea, p_token bytea, p_kinds text[], p_lease_ms bigint, p_limit integer,
  p_detail bytea)
returns table (outcome text, id uuid, version integer, kind text, attempts integer, sensitivity smallint, tenants bytea[])
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'due_entries');
  number integer := 0;
begin
  outcome := case when c.rights & 16384 = 0 then 'denied' else 'ok' end;
  return next;
  if outcome = 'ok' then
    return query with due as (
      select e.id from memkeep.library_entry e
      where e.tenant = p_tenant and e.state = 1 and e.due_ms <= c.at_ms and e.kind = any (p_kinds)
      order by e.due_ms limit least(p_limit, 100) for update of e skip locked
    )
    update memkeep.library_entry e set attempts = e.attempts + 1, due_ms = c.at_ms + least(p_lease_ms, 3600000)
      from due d where e.tenant = p_tenant and e.id = d.id and e.state = 1
      returning null::text, e.id, e.version, e.kind, e.attempts, e.sensitivity,
        array(select distinct k.tenant from memkeep.library_contribution k where k.home = p_tenant and k.entry = e.id and k.direct);
    get diagnostics number = row_count;
  end if;
  -- As due_shelves: a look that found nothing leaves no event.
  if outcome = 'ok' and number = 0 then
    perform set_config('memkeep.claims', '', true);
  else
    perform memkeep.record(c, 'upkeep.rebuilds', outcome, '{}', number, p_detail);
  end if;
end $$;
