-- owner: memkeep_door
-- callers: memkeep_app

-- Puts the same rows, sealed anew, in the place of rows of one shelf that are still what p_was says (SHA-256 over their sealed columns, in
-- the order content, details, entry, verdict): a row that was written meanwhile is left alone. Parallel arrays; p_part as sealed_rows brings them (2
-- memory, 6 earlier version, 7 held or superseded, 5 artifact). Nothing else of them changes, and the shelf's version stays: nobody need
-- read them anew. `ids` are those that were done. Needs the right to write (2), on the common shelf `common` too, and full clearance.
-- Outcomes: ok, missing (no such shelf), denied, barred, epoch, policy, unknown.
create or replace function memkeep.reseal(p_tenant bytea, p_token bytea, p_part smallint[], p_ids uuid[], p_was bytea[],
  p_content bytea[], p_details bytea[], p_entry bytea[], p_verdict bytea[], p_detail bytea)
returns table (outcome text, shelf_version bigint, ids uuid[])
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'reseal');
  done uuid[];
begin
  ids := '{}';
  outcome := case when c.reach <> 2 and c.rights & 2 <> 0 and c.clearance = 7 and c.writable = 7 then 'ok' else 'denied' end;
  if outcome = 'ok' then
    select * into outcome, shelf_version
      from memkeep.lock_shelf(c, case when c.reach = 0 then 2 | 8 else 2 end, false, null);
  end if;
  if outcome = 'ok' then
    with gone as (
      delete from memkeep.memory m using unnest(p_part, p_ids, p_was, p_content, p_details, p_entry) as n (part, id, was, content, details, entry)
      where n.part = 2 and m.tenant = p_tenant and m.subject = c.shelf and m.id = n.id and m.epoch = c.shelf_epoch
        and sha256(m.content || m.details || m.entry) = n.was
      returning m.*, n.content as new_content, n.details as new_details, n.entry as new_entry
    ), put as (
      insert into memkeep.memory (tenant, subject, id, version, sensitivity, trust, actor, kind, at_ms, created_ms, updated_ms, expires_ms,
        derived_from, shelf_version, epoch, content, details, entry)
      select g.tenant, g.subject, g.id, g.version, g.sensitivity, g.trust, g.actor, g.kind, g.at_ms, g.created_ms, g.updated_ms,
        g.expires_ms, g.derived_from, g.shelf_version, g.epoch, g.new_content, g.new_details, g.new_entry from gone g
    )
    select coalesce(array_agg(g.id), '{}') into done from gone g;
    ids := ids || done;
    with gone as (
      delete from memkeep.memory_version v using unnest(p_part, p_ids, p_was, p_content, p_details) as n (part, id, was, content, details)
      where n.part = 6 and v.tenant = p_tenant and v.subject = c.shelf and v.id = n.id and v.epoch = c.shelf_epoch
        and sha256(v.content || v.details) = n.was
      returning v.*, n.content as new_content, n.details as new_details
    ), put as (
      insert into memkeep.memory_version (tenant, subject, id, version, sensitivity, trust, actor, kind, at_ms, created_ms, updated_ms,
        expires_ms, derived_from, epoch, content, details)
      select g.tenant, g.subject, g.id, g.version, g.sensitivity, g.trust, g.actor, g.kind, g.at_ms, g.created_ms, g.updated_ms,
        g.expires_ms, g.derived_from, g.epoch, g.new_content, g.new_details from gone g
    )
    select coalesce(array_agg(g.id), '{}') into done from gone g;
    ids := ids || done;
    with gone as (
      delete from memkeep.aside a
      using unnest(p_part, p_ids, p_was, p_content, p_details, p_entry, p_verdict) as n (part, id, was, content, details, entry, verdict)
      where n.part = 7 and a.tenant = p_tenant and a.subject = c.shelf and a.id = n.id and a.epoch = c.shelf_epoch
        and sha256(a.content || a.details || a.entry || coalesce(a.verdict, '')) = n.was
      returning a.*, n.content as new_content, n.details as new_details, n.entry as new_entry, n.verdict as new_verdict
    ), put as (
      insert into memkeep.aside (tenant, subject, id, version, sensitivity, trust, actor, kind, at_ms, created_ms, updated_ms, expires_ms,
        derived_from, epoch, content, details, entry, why, aside_ms, verdict, successor, line, stands_above,
        shelf_version)
      select g.tenant, g.subject, g.id, g.version, g.sensitivity, g.trust, g.actor, g.kind, g.at_ms, g.created_ms, g.updated_ms,
        g.expires_ms, g.derived_from, g.epoch, g.new_content, g.new_details, g.new_entry, g.why, g.aside_ms, g.new_verdict, g.successor, g.line,
        g.stands_above, g.shelf_version
      from gone g
    )
    select coalesce(array_agg(g.id), '{}') into done from gone g;
    ids := ids || done;
    with gone as (
      delete from memkeep.artifact f using unnest(p_part, p_ids, p_was, p_content, p_details) as n (part, id, was, content, details)
      where n.part = 5 and f.tenant = p_tenant and f.subject = c.shelf and f.id = n.id and f.epoch = c.shelf_epoch and f.seal is null
        and f.state = 0 and sha256(f.content || f.details) = n.was
      returning f.*, n.content as new_content, n.details as new_details
    ), put as (
      insert into memkeep.artifact (tenant, subject, id, version, kind, place, state, sensitivity, trust, created_ms, updated_ms,
        expires_ms, derived_from, epoch, seal, content, details, attempts, due_ms, failure)
      select g.tenant, g.subject, g.id, g.version, g.kind, g.place, g.state, g.sensitivity, g.trust, g.created_ms, g.updated_ms,
        g.expires_ms, g.derived_from, g.epoch, g.seal, g.new_content, g.new_details, g.attempts, g.due_ms, g.failure from gone g
    )
    select coalesce(array_agg(g.id), '{}') into done from gone g;
    ids := ids || done;
  end if;
  perform memkeep.record(c, 'memory.reseal', outcome, ids, cardinality(ids), p_detail);
  return next;
end $$;
