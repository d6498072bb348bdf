-- owner: memkeep_door
-- callers: memkeep_app

-- Raises the trust of a memory that somebody has reviewed: the only way up. A new version with the same content takes the place of version
-- p_expected, sealed under the trust p_trust; author, lineage and all else stay, and the replaced version goes to the history.
-- What came from it keeps its own trust. Needs the right `endorse` (256), and for the trust of the system (3) to be allowed to claim it.
-- p_if_trust (null: whatever): the trust that the memory had when it was reviewed; it falls without a new version.
-- Outcomes: ok, missing, conflict (another version stands there, or it is trusted otherwise), denied, barred, epoch, policy, unknown.
-- An earlier build's had fewer arguments, and a call that fits both would fit none.
drop function if exists memkeep.endorse(bytea, bytea, uuid, integer, smallint, bigint, bytea, bytea, bytea, bytea);
create or replace function memkeep.endorse(p_tenant bytea, p_token bytea, p_id uuid, p_expected integer, p_trust smallint,
  p_expires_ms bigint, p_content bytea, p_details bytea, p_entry bytea, p_detail bytea, p_if_trust smallint default null)
returns table (outcome text, shelf_version bigint, trust smallint)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'endorse');
  old memkeep.memory;
begin
  outcome := case when c.reach <> 2 and (p_trust between 0 and 2 or p_trust = 3 and c.actors & 4 <> 0) then 'ok' else 'denied' end;
  if outcome = 'ok' then
    select * into outcome, shelf_version
      from memkeep.lock_shelf(c, case when c.reach = 0 then 256 | 8 else 256 end, false, null);
  end if;
  if outcome = 'ok' then
    select * into old from memkeep.memory m where m.tenant = p_tenant and m.subject = c.shelf and m.id = p_id
      and (m.expires_ms is null or m.expires_ms > c.at_ms);
    if not found then outcome := 'missing';
    elsif old.version <> p_expected or old.trust <> p_if_trust then outcome := 'conflict';
    elsif old.trust >= p_trust or c.writable & (1 << old.sensitivity) = 0 then outcome := 'denied';
    end if;
  end if;
  if outcome = 'ok' then
    shelf_version := shelf_version + 1;
    trust := p_trust;
    update memkeep.shelf s set version = endorse.shelf_version, bytes = s.bytes + octet_length(p_content) + octet_length(p_details)
      + octet_length(p_entry) - octet_length(old.entry) where s.tenant = p_tenant and s.subject = c.shelf;
    insert into memkeep.memory_version (tenant, subject, id, version, sensitivity, trust, actor, kind, at_ms, created_ms,
      updated_ms, expires_ms, derived_from, epoch, content, details)
    values (p_tenant, c.shelf, p_id, old.version, old.sensitivity, old.trust, old.actor, old.kind, old.at_ms,
      old.created_ms, old.updated_ms, old.expires_ms, old.derived_from, old.epoch, old.content, old.details);
    delete from memkeep.memory m where m.tenant = p_tenant and m.subject = c.shelf and m.id = p_id;
    insert into memkeep.memory (tenant, subject, id, version, sensitivity, trust, actor, kind, at_ms, created_ms,
      updated_ms, expires_ms, derived_from, shelf_version, epoch, content, details, entry, same)
    values (p_tenant, c.shelf, p_id, old.version + 1, old.sensitivity, p_trust, old.actor, old.kind, old.at_ms,
      old.created_ms, c.at_ms, p_expires_ms, old.derived_from, endorse.shelf_version, c.shelf_epoch, p_content, p_details,
      p_entry, old.same);
    delete from memkeep.reviewed v where v.tenant = p_tenant and v.subject = c.shelf and v.id = p_id;
    insert into memkeep.reviewed (tenant, subject, id, version) values (p_tenant, c.shelf, p_id, old.version + 1);
    perform memkeep.weigh_lines(c, c.shelf, array[p_id]);
  end if;
  perform memkeep.record(c, 'memory.endorse', outcome, array[p_id], case when outcome = 'ok' then 1 else 0 end, p_detail);
  return next;
end $$;
