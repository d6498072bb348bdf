-- owner: memkeep_upkeep_door
-- callers: memkeep_app

-- Erasures that are not done and that no process works on, those first that were tried longest ago; or (p_id given) the one with that id, done or not; or (p_all) every one that is
-- not done, the oldest first. A process holds one for a minute: what says to be held for longer than an hour from now was moved there. The first
-- argument is the deployment's own tag. Needs the right `upkeep` or `erasing`. One more row, the first, brings the outcome (ok, denied) and how many are not done.
drop function if exists memkeep.due_erasures(bytea, bytea, uuid, integer, bytea);
create or replace function memkeep.due_erasures(p_tenant bytea, p_token bytea, p_id uuid, p_all boolean, p_limit integer, p_detail bytea)
returns table (outcome text, tenant bytea, id uuid, kind smallint, subject bytea, requested_ms bigint, open integer)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'due_erasures');
  number integer := 0;
  is_upkeeps boolean := p_id is null and p_all is not true;
begin
  outcome := case when c.rights & (16384 | 65536) = 0 then 'denied' else 'ok' end;
  if outcome = 'ok' then
    select count(*) into open from memkeep.erasure e where e.state = 0;
  end if;
  return next;
  if outcome = 'ok' then
    return query select null::text, e.tenant, e.id, e.kind, e.subject, e.requested_ms, null::integer from memkeep.erasure e
      where case when p_id is not null then e.id = p_id
        else e.state = 0 and (p_all or e.held_until_ms not between c.at_ms + 1 and c.at_ms + 3600000) end
      order by case when p_all is not true then e.held_until_ms end, e.requested_ms limit least(p_limit, 1000);
    get diagnostics number = row_count;
  end if;
  -- A look of upkeep that found nothing told nothing: it leaves no event. Somebody's look for one does.
  if outcome = 'ok' and number = 0 and is_upkeeps then
    perform set_config('memkeep.claims', '', true);
  else
    perform memkeep.record(c, case when is_upkeeps then 'upkeep.erasures' else 'erasure.list' end, outcome, '{}', number, p_detail);
  end if;
end $$;
