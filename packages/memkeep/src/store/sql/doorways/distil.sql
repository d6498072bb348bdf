-- owner: memkeep_door
-- callers: memkeep_app

-- What upkeep made of episodes of one shelf, in one commit. p_ids in p_versions were looked at; of these
-- p_due_ms (null: not) are looked at again at that time, p_content, p_details and p_entry (null: not) stay for good, sealed anew
-- without an expiry. p_made_* are memories made from one of them (p_made_of): of its author, label, kind, time and trust. A memory that was
-- changed or deleted since is left alone, with what was made of it. Needs the right `upkeep` (16384). Outcomes: ok, denied, barred, epoch.
create or replace function memkeep.distil(p_tenant bytea, p_token bytea, p_ids uuid[], p_versions integer[], p_due_ms bigint[],
  p_content bytea[], p_details bytea[], p_entry bytea[], p_made uuid[], p_made_of uuid[], p_made_content bytea[],
  p_made_details bytea[], p_made_entry bytea[], p_detail bytea)
returns table (outcome text, shelf_version bigint, ids uuid[])
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'distil');
  number integer := 0;
  size bigint;
begin
  ids := '{}';
  outcome := case when c.rights & 16384 = 0 or c.reach = 2 then 'denied' else 'ok' end;
  if outcome = 'ok' then select * into outcome, shelf_version from memkeep.lock_shelf(c, null, false, null); end if;
  if outcome = 'ok' then
    shelf_version := shelf_version + 1;
    delete from memkeep.undistilled u where u.tenant = p_tenant and u.subject = c.shelf and u.id = any (p_ids);
    ids := array(select m.id from memkeep.memory m join unnest(p_ids, p_versions) as w (id, version) on w.id = m.id and w.version = m.version
      where m.tenant = p_tenant and m.subject = c.shelf and m.epoch = c.shelf_epoch);
    insert into memkeep.undistilled (tenant, subject, id, due_ms)
      select p_tenant, c.shelf, w.id, w.due_ms from unnest(p_ids, p_due_ms) as w (id, due_ms)
      where w.due_ms is not null and w.id = any (distil.ids);
    with made as (
      insert into memkeep.memory (tenant, subject, id, version, sensitivity, trust, actor, kind, at_ms, created_ms, updated_ms, expires_ms,
        derived_from, shelf_version, epoch, content, details, entry)
      select m.tenant, m.subject, w.id, 1, m.sensitivity, m.trust, m.actor, m.kind, m.at_ms, c.at_ms, c.at_ms, null, array[m.id],
        distil.shelf_version, c.shelf_epoch, w.content, w.details, w.entry
      from unnest(p_made, p_made_of, p_made_content, p_made_details, p_made_entry) as w (id, source, content, details, entry)
      join memkeep.memory m on m.tenant = p_tenant and m.subject = c.shelf and m.id = w.source
      where w.source = any (distil.ids)
      returning id, derived_from[1] as source, octet_length(content) + octet_length(details) + octet_length(entry) as size
    ), lines as (
      insert into memkeep.lineage (tenant, subject, source, derived) select p_tenant, c.shelf, n.source, n.id from made n
    )
    select count(*), coalesce(sum(n.size), 0) into number, size from made n;
    with gone as (
      delete from memkeep.memory m using unnest(p_ids, p_content, p_details, p_entry) as w (id, content, details, entry)
      where m.tenant = p_tenant and m.subject = c.shelf and m.id = w.id and m.id = any (distil.ids) and w.content is not null
      returning m.*, w.content as content_anew, w.details as details_anew, w.entry as entry_anew
    ), kept as (
      insert into memkeep.memory (tenant, subject, id, version, sensitivity, trust, actor, kind, at_ms, created_ms, updated_ms, expires_ms,
        derived_from, shelf_version, epoch, content, details, entry)
      select g.tenant, g.subject, g.id, g.version, g.sensitivity, g.trust, g.actor, g.kind, g.at_ms, g.created_ms, g.updated_ms, null,
        g.derived_from, distil.shelf_version, g.epoch, g.content_anew, g.details_anew, g.entry_anew from gone g
    )
    select size + coalesce(sum(octet_length(g.content_anew) + octet_length(g.details_anew) + octet_length(g.entry_anew)
      - octet_length(g.content) - octet_length(g.details) - octet_length(g.entry)), 0) into size from gone g;
    -- Upkeep distils without an embedder: what it made waits for its vector.
    update memkeep.shelf s set version = distil.shelf_version, memories = s.memories + number, bytes = s.bytes + size,
      waits = case when number > 0 then distil.shelf_version else s.waits end
      where s.tenant = p_tenant and s.subject = c.shelf;
  end if;
  perform memkeep.record(c, 'memory.distil', outcome, ids || p_made, cardinality(ids), p_detail);
  return next;
end $$;
