-- owner: memkeep_door
-- callers: memkeep_app

-- Removes an artifact, or a value of the cache, of p_shelf; what was made of it goes the way of what a deleted memory was made of.
-- Outcomes: ok, missing, denied, barred, epoch, policy, unknown.
drop function if exists memkeep.forget_artifact(bytea, bytea, bytea, uuid, boolean, bytea);
create or replace function memkeep.forget_artifact(p_tenant bytea, p_token bytea, p_shelf bytea, p_id uuid,
  p_cached boolean, p_detail bytea)
returns table (outcome text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'forget_artifact');
  gone record;
  ignored text;
begin
  outcome := case when c.reach = 2 then 'denied'
    else memkeep.admit_reading(c, case when p_shelf = c.shelf and c.reach = 1 then 4 else 4 | 8 end) end;
  if outcome = 'ok' then
    delete from memkeep.artifact a where a.tenant = p_tenant and a.subject = p_shelf and a.id = p_id
      and (a.place = 1) = p_cached returning a.kind, a.seal, a.epoch into gone;
    if found then
      ignored := memkeep.retire_key(c, p_shelf, p_id, gone.kind, gone.seal, gone.epoch);
      ignored := memkeep.unlearn(c, p_shelf, array[p_id], c.event);
    else outcome := 'missing'; end if;
  end if;
  ignored := memkeep.record(c, case when p_cached then 'cache.delete' else 'artifact.remove' end, outcome, array[p_id],
    case when outcome = 'ok' then 1 else 0 end, p_detail);
  return next;
end $$;
