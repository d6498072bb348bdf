-- owner: memkeep_door
-- callers: memkeep_app

-- Puts a new version in the place of version p_expected; the replaced one goes to the history. When the sensitivity
-- changes, p_old_* bring every earlier version (the replaced one included) sealed anew under the new
-- label. p_most_bytes (null: no bound) is the tenant's quota, as in remember(); a revision that takes no more room passes it.
-- The new version is trusted no more than p_trust, which it was sealed under, than the version before as it stands, and than what p_readers were
-- shown, when an agent or a tool authored the change: `trust` is what it came to. When that is less than before, what came from
-- the memory is lowered with it: `lowered` says how many memories that were. What was made of the memory is hidden until it is made anew.
-- Who is trusted less than the memory needs the right `delete`: without it, denied.
-- p_talks (null: none): tags of the sessions in which this is said: told there as what is added there (remember).
-- Outcomes: ok, missing (no such memory in sight), conflict (another version stands there), quota, denied, barred, epoch, policy,
-- unknown.
-- p_same_content: the content is that of the version before: whoever released or endorsed that has reviewed this one.
-- An earlier build's had fewer arguments, and a call that fits both would fit none.
drop function if exists memkeep.revise(bytea, bytea, uuid, integer, smallint, smallint, smallint, bigint, bytea, bytea, bytea, integer[], bytea[], bytea[], bytea, bigint, bytea[]);
drop function if exists memkeep.revise(bytea, bytea, uuid, integer, smallint, smallint, smallint, bigint, bytea, bytea, bytea, integer[], bytea[], bytea[], bytea, bigint, bytea[], bytea[]);
create or replace function memkeep.revise(p_tenant bytea, p_token bytea, p_id uuid, p_expected integer,
  p_sensitivity smallint, p_trust smallint, p_actor smallint, p_expires_ms bigint, p_content bytea, p_details bytea,
  p_entry bytea, p_old_version integer[], p_old_content bytea[], p_old_details bytea[], p_detail bytea, p_most_bytes bigint default null,
  p_readers bytea[] default null, p_talks bytea[] default null, p_same_content boolean default false)
returns table (outcome text, shelf_version bigint, trust smallint, lowered integer)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'revise');
  old memkeep.memory;
  action text := 'memory.update';
  earlier record;
  growth bigint;
  ignored integer;
begin
  outcome := case when c.reach <> 2 and p_actor between 0 and 3 and c.actors & (1 << p_actor) <> 0
    and p_sensitivity between 0 and 2 and c.writable & (1 << p_sensitivity) <> 0
    and p_trust between 0 and (array[1, 2, 3, c.actors >> 4])[p_actor + 1] then 'ok' else 'denied' end;
  lowered := 0;
  if outcome = 'ok' then
    select * into outcome, shelf_version
      from memkeep.lock_shelf(c, case when c.reach = 0 then 2 | 8 else 2 end, false, null);
  end if;
  if outcome = 'ok' then
    select * into old from memkeep.memory m where m.tenant = p_tenant and m.subject = c.shelf and m.id = p_id
      and (m.expires_ms is null or m.expires_ms > c.at_ms);
    if old.sensitivity <> p_sensitivity then action := 'memory.reclassify'; end if;
    if not found then outcome := 'missing';
    elsif old.version <> p_expected then outcome := 'conflict';
    elsif c.writable & (1 << old.sensitivity) = 0 then outcome := 'denied';
    elsif p_sensitivity < old.sensitivity and c.rights & 32 = 0 then outcome := 'denied';
    end if;
  end if;
  if outcome = 'ok' and action = 'memory.reclassify' then
    select count(*) as number, coalesce(sum(octet_length(v.content) + octet_length(v.details)), 0) as size into earlier
      from memkeep.memory_version v where v.tenant = p_tenant and v.subject = c.shelf and v.id = p_id;
    if earlier.number + 1 <> cardinality(p_old_version) then outcome := 'conflict'; end if;
  end if;
  if outcome = 'ok' then
    trust := least(p_trust, old.trust);
    if p_readers is not null and p_actor in (1, 3) then trust := least(trust, memkeep.trust_recalled(c, p_readers)); end if;
    -- To take the trust of what stands, or to let it end, is to delete it for whoever relies on that: by whoever may delete, or says it and is trusted no less.
    if c.rights & 4 = 0 and trust < old.trust then outcome := 'denied'; end if;
  end if;
  if outcome = 'ok' then
    shelf_version := shelf_version + 1;
    -- The replaced version keeps its content and details; sealed anew they may be of another size.
    growth := octet_length(p_content) + octet_length(p_details) + octet_length(p_entry) - octet_length(old.entry);
    if action = 'memory.reclassify' then
      growth := growth - earlier.size - octet_length(old.content) - octet_length(old.details)
        + (select sum(octet_length(n.content) + octet_length(n.details)) from unnest(p_old_content, p_old_details) as n (content, details));
    end if;
    update memkeep.shelf s set version = revise.shelf_version, bytes = s.bytes + growth, due_ms = least(s.due_ms, p_expires_ms)
      where s.tenant = p_tenant and s.subject = c.shelf;
    if growth > 0 and p_most_bytes is not null and memkeep.exceeds_quota(p_tenant, null, p_most_bytes) then
      outcome := 'quota';
    end if;
  end if;
  if outcome = 'ok' then
    insert into memkeep.memory_version (tenant, subject, id, version, sensitivity, trust, actor, kind, at_ms, created_ms,
      updated_ms, expires_ms, derived_from, epoch, content, details)
    values (p_tenant, c.shelf, p_id, old.version, old.sensitivity, old.trust, old.actor, old.kind, old.at_ms,
      old.created_ms, old.updated_ms, old.expires_ms, old.derived_from, old.epoch, old.content, old.details);
    if action = 'memory.reclassify' then
      -- A row may leave this call's clearance here, which an UPDATE could not do under the policies: hence delete, insert.
      with gone as (
        delete from memkeep.memory_version v where v.tenant = p_tenant and v.subject = c.shelf and v.id = p_id returning v.*
      )
      insert into memkeep.memory_version (tenant, subject, id, version, sensitivity, trust, actor, kind, at_ms, created_ms,
        updated_ms, expires_ms, derived_from, epoch, content, details)
      select g.tenant, g.subject, g.id, g.version, p_sensitivity, g.trust, g.actor, g.kind, g.at_ms, g.created_ms,
        g.updated_ms, g.expires_ms, g.derived_from, c.shelf_epoch, n.content, n.details
      from gone g join unnest(p_old_version, p_old_content, p_old_details) as n (version, content, details)
        on n.version = g.version;
      insert into memkeep.removal (tenant, subject, shelf_version, id, sensitivity, removed_ms)
        values (p_tenant, c.shelf, revise.shelf_version, p_id, old.sensitivity, c.at_ms);
    end if;
    delete from memkeep.memory m where m.tenant = p_tenant and m.subject = c.shelf and m.id = p_id;
    insert into memkeep.memory (tenant, subject, id, version, sensitivity, trust, actor, kind, at_ms, created_ms,
      updated_ms, expires_ms, derived_from, shelf_version, epoch, content, details, entry)
    values (p_tenant, c.shelf, p_id, old.version + 1, p_sensitivity, revise.trust, p_actor, old.kind, old.at_ms,
      old.created_ms, c.at_ms, p_expires_ms, old.derived_from, revise.shelf_version, c.shelf_epoch, p_content,
      p_details, p_entry);
    if p_same_content then
      with was as (
        delete from memkeep.reviewed v where v.tenant = p_tenant and v.subject = c.shelf and v.id = p_id and v.version = old.version returning v.id
      )
      insert into memkeep.reviewed (tenant, subject, id, version) select p_tenant, c.shelf, w.id, old.version + 1 from was w;
    end if;
    if p_talks is not null and trust < memkeep.trust_recalled(c, p_talks) then
      perform memkeep.note_shown(c, p_talks, array_fill(trust, array[cardinality(p_talks)]));
    end if;
    ignored := memkeep.outdate(c, c.shelf, array[p_id]);
    if trust < old.trust then
      lowered := memkeep.lower_trust(c, array[p_id], trust, shelf_version);
      ignored := memkeep.weigh_lines(c, c.shelf, array[p_id]);
    end if;
  elsif outcome = 'quota' then
    update memkeep.shelf s set bytes = s.bytes - growth where s.tenant = p_tenant and s.subject = c.shelf;
  end if;
  perform memkeep.record(c, action, outcome, array[p_id], case when outcome = 'ok' then 1 else 0 end, p_detail);
  return next;
end $$;
