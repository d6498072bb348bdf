-- owner: memkeep_door
-- callers: memkeep_app

-- Puts new index entries in the place of those of the memories p_ids which still stand in the versions p_versions, and changes
-- nothing else of them (also of what stands above all that superseded it). The shelf moves on by one version, so that every process reads these entries anew. A memory that is
-- not there any more, or was changed since, is left alone. `ids` are those that were done. Needs the right to write (2) and full clearance: a
-- shelf is embedded anew as a whole, or searches go on with the former model. No quota is asked for: the memories stand already.
-- p_waits: what waited when the shelf had that version (null: nothing) has its vectors now; when more came since, it goes on waiting.
-- Outcomes: ok, missing (no such shelf), denied, barred, epoch, policy, unknown.
create or replace function memkeep.reindex(p_tenant bytea, p_token bytea, p_ids uuid[], p_versions integer[],
  p_entries bytea[], p_detail bytea, p_waits bigint default null)
returns table (outcome text, shelf_version bigint, ids uuid[])
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'reindex');
  growth bigint;
begin
  ids := '{}';
  outcome := case when c.reach <> 2 and c.rights & 2 <> 0 and c.clearance = 7 and c.writable = 7 then 'ok' else 'denied' end;
  if outcome = 'ok' then
    select * into outcome, shelf_version
      from memkeep.lock_shelf(c, case when c.reach = 0 then 2 | 8 else 2 end, false, null);
  end if;
  if outcome = 'ok' then
    with gone as (
      delete from memkeep.memory m using unnest(p_ids, p_versions, p_entries) as n (id, version, entry)
      where m.tenant = p_tenant and m.subject = c.shelf and m.id = n.id and m.version = n.version
        and m.epoch = c.shelf_epoch and (m.expires_ms is null or m.expires_ms > c.at_ms)
      returning m.*, n.entry as anew
    ), put as (
      insert into memkeep.memory (tenant, subject, id, version, sensitivity, trust, actor, kind, at_ms, created_ms,
        updated_ms, expires_ms, derived_from, shelf_version, epoch, content, details, entry, same)
      select g.tenant, g.subject, g.id, g.version, g.sensitivity, g.trust, g.actor, g.kind, g.at_ms, g.created_ms,
        g.updated_ms, g.expires_ms, g.derived_from, reindex.shelf_version + 1, g.epoch, g.content, g.details, g.anew, g.same
      from gone g
    )
    select coalesce(array_agg(g.id), '{}'), coalesce(sum(octet_length(g.anew) - octet_length(g.entry)), 0)
      into reindex.ids, growth from gone g;
    with gone as (
      delete from memkeep.aside a using unnest(p_ids, p_versions, p_entries) as n (id, version, entry)
      where a.tenant = p_tenant and a.subject = c.shelf and a.id = n.id and a.version = n.version and a.stands_above is not null
        and a.epoch = c.shelf_epoch and (a.expires_ms is null or a.expires_ms > c.at_ms)
      returning a.*, n.entry as anew
    ), put as (
      insert into memkeep.aside (tenant, subject, id, version, sensitivity, trust, actor, kind, at_ms, created_ms, updated_ms, expires_ms,
        derived_from, epoch, content, details, entry, why, aside_ms, successor, line, stands_above, shelf_version)
      select g.tenant, g.subject, g.id, g.version, g.sensitivity, g.trust, g.actor, g.kind, g.at_ms, g.created_ms, g.updated_ms,
        g.expires_ms, g.derived_from, g.epoch, g.content, g.details, g.anew, g.why, g.aside_ms, g.successor, g.line, g.stands_above,
        reindex.shelf_version + 1
      from gone g
    )
    select reindex.ids || coalesce(array_agg(g.id), '{}'), growth + coalesce(sum(octet_length(g.anew) - octet_length(g.entry)), 0)
      into reindex.ids, growth from gone g;
    if cardinality(ids) > 0 then
      shelf_version := shelf_version + 1;
      update memkeep.shelf s set version = reindex.shelf_version, bytes = s.bytes + growth
        where s.tenant = p_tenant and s.subject = c.shelf;
    end if;
    if p_waits is not null then
      update memkeep.shelf s set waits = null where s.tenant = p_tenant and s.subject = c.shelf and s.waits = p_waits;
    end if;
  end if;
  perform memkeep.record(c, 'memory.reindex', outcome, ids, cardinality(ids), p_detail);
  return next;
end $$;
