-- owner: memkeep_door
-- callers: memkeep_app

-- Takes memories out of recall that the screen caught when they were recalled, until somebody reviews them. They keep their trust, and what
-- came from them stays, until they are rejected. `ids` are those held now; `reviewed` versions are left alone. An episode that was
-- not distilled yet is so when it is released. The kernel asks by itself, with the right `review` (512): whoever searched may not write.
-- Outcomes: ok, denied, barred, epoch.
create or replace function memkeep.hold(p_tenant bytea, p_token bytea, p_ids uuid[], p_versions integer[], p_verdicts bytea[], p_detail bytea)
returns table (outcome text, shelf_version bigint, ids uuid[], reviewed uuid[])
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'hold');
begin
  ids := '{}';
  reviewed := '{}';
  outcome := case when c.reach = 2 or c.rights & 512 = 0 then 'denied' else 'ok' end;
  if outcome = 'ok' then select * into outcome, shelf_version from memkeep.lock_shelf(c, null, false, null); end if;
  if outcome = 'ok' then
    reviewed := array(select v.id from memkeep.reviewed v join unnest(p_ids, p_versions) as w (id, version) on w.id = v.id and w.version = v.version
      where v.tenant = p_tenant and v.subject = c.shelf);
    with held as (
      delete from memkeep.memory m using unnest(p_ids, p_versions, p_verdicts) as w (id, version, verdict)
      where m.tenant = p_tenant and m.subject = c.shelf and m.id = w.id and m.version = w.version
        and m.id <> all (hold.reviewed)
      returning m.*, w.verdict as verdict
    ), put as (
      insert into memkeep.aside (tenant, subject, id, version, sensitivity, trust, actor, kind, at_ms, created_ms, updated_ms, expires_ms,
        derived_from, epoch, content, details, entry, why, aside_ms, verdict)
      select h.tenant, h.subject, h.id, h.version, h.sensitivity, h.trust, h.actor, h.kind, h.at_ms, h.created_ms, h.updated_ms,
        h.expires_ms, h.derived_from, h.epoch, h.content, h.details, h.entry, 1, c.at_ms, h.verdict from held h
    ), left_behind as (
      insert into memkeep.removal (tenant, subject, shelf_version, id, sensitivity, removed_ms)
      select p_tenant, c.shelf, hold.shelf_version + 1, h.id, h.sensitivity, c.at_ms from held h
    )
    select coalesce(array_agg(h.id), '{}') into hold.ids from held h;
    if cardinality(ids) > 0 then
      shelf_version := shelf_version + 1;
      update memkeep.shelf s set version = hold.shelf_version, due_ms = least(s.due_ms, c.at_ms + 3600000)
        where s.tenant = p_tenant and s.subject = c.shelf;
    end if;
  end if;
  perform memkeep.record(c, 'memory.hold', outcome, ids, cardinality(ids), p_detail);
  return next;
end $$;
