-- owner: memkeep_upkeep_door
-- callers: memkeep_upkeep

-- Hidden artifacts of these kinds whose rebuilding is due, taken for p_lease_ms: who does not settle them by then has failed, and another takes
-- them. One that is made of another hidden one waits for that. The first argument is the deployment's own tag. Needs the right
-- `upkeep`. One more row brings the outcome (ok, denied).
create or replace function memkeep.due_rebuilds(p_tenant bytea, p_token bytea, p_kinds text[], p_lease_ms bigint,
  p_limit integer, p_detail bytea)
returns table (outcome text, tenant bytea, subject bytea, id uuid, version integer, kind text, attempts integer,
  epoch integer, sensitivity smallint, created_ms bigint, derived_from uuid[])
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'due_rebuilds');
  number integer := 0;
begin
  outcome := case when c.rights & 16384 = 0 then 'denied' else 'ok' end;
  return next;
  if outcome = 'ok' then
    return query with due as (
      select a.tenant, a.subject, a.id, t.epoch from memkeep.artifact a join memkeep.tenant t on t.tenant = a.tenant
      where a.state = 1 and a.due_ms <= c.at_ms and a.kind = any (p_kinds) and t.state = 0 and not exists (
        select from memkeep.artifact s where s.tenant = a.tenant and s.id = any (a.derived_from) and s.state <> 0)
      order by a.due_ms limit least(p_limit, 100) for update of a skip locked
    )
    update memkeep.artifact a set attempts = a.attempts + 1, due_ms = c.at_ms + least(p_lease_ms, 3600000)
      from due d where a.tenant = d.tenant and a.subject = d.subject and a.id = d.id and a.state = 1
      returning null::text, a.tenant, a.subject, a.id, a.version, a.kind, a.attempts, d.epoch,
        a.sensitivity, a.created_ms, a.derived_from;
    get diagnostics number = row_count;
  end if;
  -- As due_shelves: a look that found nothing leaves no event.
  if outcome = 'ok' and number = 0 then
    perform set_config('memkeep.claims', '', true);
  else
    perform memkeep.record(c, 'upkeep.rebuilds', outcome, '{}', number, p_detail);
  end if;
end $$;
