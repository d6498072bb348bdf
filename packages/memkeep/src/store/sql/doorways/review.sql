-- owner: memkeep_door
-- callers: memkeep_app

-- Judges what is held on one shelf. Released, it is a memory as it was sealed, with the trust that it has; and what came from it stays as it
-- is. Rejected, it goes with every version, what it had superseded is a memory again, and what came from it is trusted as nothing at all. `ids` are those that were held. Needs the right
-- `review` (512). p_versions (null: none was said): for each of p_ids the version that was read, or null; what is held in another is not judged, nor, unsaid, is
-- released what was ever revised: conflict, and nothing is judged. Outcomes: ok, conflict, denied, barred, epoch, policy, unknown.
-- An earlier build's had fewer arguments, and a call that fits both would fit none.
drop function if exists memkeep.review(bytea, bytea, uuid[], boolean, bytea);
create or replace function memkeep.review(p_tenant bytea, p_token bytea, p_ids uuid[], p_release boolean, p_detail bytea,
  p_versions integer[] default null)
returns table (outcome text, shelf_version bigint, ids uuid[], lowered integer)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'review');
begin
  ids := '{}';
  lowered := 0;
  outcome := case when c.reach = 2 then 'denied' else 'ok' end;
  if outcome = 'ok' then
    select * into outcome, shelf_version from
      memkeep.lock_shelf(c, case when c.reach = 0 then 512 | 8 else 512 end, false, null);
    if outcome = 'missing' then
      outcome := 'ok';
    elsif outcome = 'ok' then
      ids := array(select a.id from memkeep.aside a where a.tenant = p_tenant and a.subject = c.shelf and a.id = any (p_ids) and a.why < 2
        and (a.expires_ms is null or a.expires_ms > c.at_ms) and c.writable & (1 << a.sensitivity) <> 0);
      if exists (select 1 from memkeep.aside a, unnest(p_ids) with ordinality as w (id, place)
        where a.tenant = p_tenant and a.subject = c.shelf and a.id = w.id and w.id = any (review.ids)
          and (a.version <> p_versions[w.place] or p_release and p_versions[w.place] is null and a.version > 1)) then
        outcome := 'conflict';
        ids := '{}';
      end if;
    end if;
  end if;
  if outcome = 'ok' and cardinality(ids) > 0 then
    shelf_version := shelf_version + 1;
    if p_release then
      with released as (
        delete from memkeep.aside a where a.tenant = p_tenant and a.subject = c.shelf and a.id = any (review.ids) returning a.*
      )
      insert into memkeep.memory (tenant, subject, id, version, sensitivity, trust, actor, kind, at_ms, created_ms, updated_ms, expires_ms,
        derived_from, shelf_version, epoch, content, details, entry)
      select r.tenant, r.subject, r.id, r.version, r.sensitivity, r.trust, r.actor, r.kind, r.at_ms, r.created_ms, r.updated_ms,
        r.expires_ms, r.derived_from, review.shelf_version, r.epoch, r.content, r.details, r.entry from released r;
      delete from memkeep.reviewed v where v.tenant = p_tenant and v.subject = c.shelf and v.id = any (review.ids);
      insert into memkeep.reviewed (tenant, subject, id, version)
        select m.tenant, m.subject, m.id, m.version from memkeep.memory m
        where m.tenant = p_tenant and m.subject = c.shelf and m.id = any (review.ids);
      update memkeep.shelf s set version = review.shelf_version, due_ms = least(s.due_ms, (select min(u.due_ms)
        from memkeep.undistilled u where u.tenant = p_tenant and u.subject = c.shelf and u.id = any (review.ids)))
        where s.tenant = p_tenant and s.subject = c.shelf;
    else
      perform memkeep.bring_back(c, ids, shelf_version);
      ids := memkeep.remove(c, ids, false, null, shelf_version);
      lowered := memkeep.lower_trust(c, ids, 0::smallint, shelf_version);
    end if;
  end if;
  perform memkeep.record(c, case when p_release then 'quarantine.release' else 'quarantine.reject' end, outcome,
    case when outcome = 'ok' then ids else p_ids end, cardinality(ids), p_detail);
  return next;
end $$;
