-- owner: memkeep_door
-- callers: memkeep_app

-- Queues a hidden artifact anew, also one that no more tries were made of. Outcomes: ok, missing, denied, barred, epoch, policy, unknown.
create or replace function memkeep.retry_rebuild(p_tenant bytea, p_token bytea, p_shelf bytea, p_id uuid, p_detail bytea)
returns table (outcome text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'retry_rebuild');
begin
  outcome := case when c.reach = 2 then 'denied'
    else memkeep.admit_reading(c, case when p_shelf = c.shelf and c.reach = 1 then 2 else 2 | 8 end) end;
  if outcome = 'ok' then
    update memkeep.artifact a set state = 1, attempts = 0, due_ms = c.at_ms, failure = null
      where a.tenant = p_tenant and a.subject = p_shelf and a.id = p_id and a.state <> 0 and a.place = 0;
    if not found then outcome := 'missing'; end if;
  end if;
  perform memkeep.record(c, 'artifact.retry', outcome, array[p_id], case when outcome = 'ok' then 1 else 0 end, p_detail);
  return next;
end $$;
