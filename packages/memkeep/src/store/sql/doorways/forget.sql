-- owner: memkeep_door
-- callers: memkeep_app

-- Deletes memories of one shelf with all their versions: those in p_ids, or all in sight when p_all. When p_version is
-- given, none of them may have changed since that version of the shelf (by which the caller chose them).
-- What came from them is trusted as nothing at all from now on: `lowered` says how many memories that were.
-- Outcomes: ok, stale, denied, barred, epoch, policy, unknown. `ids` are those deleted.
create or replace function memkeep.forget(p_tenant bytea, p_token bytea, p_ids uuid[], p_all boolean, p_version bigint,
  p_detail bytea)
returns table (outcome text, shelf_version bigint, ids uuid[], lowered integer)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'forget');
begin
  ids := '{}';
  lowered := 0;
  outcome := case when c.reach = 2 then 'denied' else 'ok' end;
  if outcome = 'ok' then
    select * into outcome, shelf_version from
      memkeep.lock_shelf(c, case when c.reach = 0 then 4 | 8 else 4 end, false, null);
    if outcome = 'ok' and exists (select 1 from memkeep.memory m where m.tenant = p_tenant and m.subject = c.shelf
      and m.id = any (p_ids) and m.shelf_version > p_version) then
      outcome := 'stale';
    end if;
    if outcome = 'ok' then
      ids := memkeep.remove(c, p_ids, p_all, null, shelf_version + 1);
      if cardinality(ids) > 0 then
        shelf_version := shelf_version + 1;
        lowered := memkeep.lower_trust(c, ids, 0::smallint, shelf_version);
      end if;
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
