-- owner: memkeep_door
-- callers: memkeep_app

-- Deletes memories of one shelf with all their versions: those in p_ids, or all in sight when p_all. When p_version is
-- given the shelf must stand at that version (the caller chose the ids by what it then held).
-- Outcomes: ok, stale, denied, barred, epoch, policy, unknown. `ids` are those deleted.
create or replace function memkeep.forget(p_tenant bytea, p_token bytea, p_ids uuid[], p_all boolean, p_version bigint,
  p_detail bytea)
returns table (outcome text, shelf_version bigint, ids uuid[])
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'forget');
begin
  ids := '{}';
  outcome := memkeep.admit(c, case when c.reach = 0 then 4 | 8 else 4 end);
  if outcome = 'ok' and c.reach = 2 then outcome := 'denied'; end if;
  if outcome = 'ok' then
    select * into outcome, shelf_version from memkeep.lock_shelf(c, false, null);
    if outcome = 'ok' and p_version is not null and p_version <> shelf_version then outcome := 'stale'; end if;
    if outcome = 'ok' then
      ids := memkeep.remove(c, p_ids, p_all, null, shelf_version + 1);
      if cardinality(ids) > 0 then shelf_version := shelf_version + 1; end if;
    elsif outcome = 'missing' then
      -- No shelf: nothing to delete, and asking for it makes none.
      outcome := 'ok';
      shelf_version := 0;
    end if;
  end if;
  perform memkeep.record(c, 'memory.delete', outcome, case when outcome = 'ok' then ids else p_ids end,
    cardinality(ids), p_detail);
  return next;
end $$;
