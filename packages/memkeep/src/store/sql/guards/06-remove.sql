-- owner: memkeep_owner
-- callers: memkeep_door

-- Removes memories of the locked shelf with every version: all (p_all), those expired at p_expired_ms, and those in p_ids that have not expired. Leaves a
-- removal row for each, so that other processes drop them, and the shelf at p_shelf_version. What is held or
-- superseded goes alike, and with a memory what it superseded; but what is found above all that took its place stands for itself: superseded by what is still there
-- of that, or else a memory again, under one version more. What was made of them goes too (unlearn). Returns the ids removed.
create or replace function memkeep.remove(c memkeep.claims, p_ids uuid[], p_all boolean, p_expired_ms bigint,
  p_shelf_version bigint) returns uuid[]
language plpgsql volatile
set search_path = pg_catalog, pg_temp as $$
declare
  going_aside uuid[];
  ids uuid[];
  freed bigint;
  freed_earlier bigint;
  set_aside uuid[];
  newer uuid[];
  freed_aside bigint;
  kept uuid[];
  ignored integer;
  -- Of what went that was superseded, by what that is still there.
  gone_ids uuid[] := '{}';
  gone_newer uuid[] := '{}';
begin
  if not p_all and p_expired_ms is null and cardinality(p_ids) <= 20 then
    -- A few are looked up one by one. Of more each look would ask for the call's claims again, and one pass over the shelf asks once.
    with gone as (
      delete from memkeep.memory m
      where m.tenant = c.tenant and m.subject = c.shelf and m.id = any (p_ids) and (m.expires_ms is null or m.expires_ms > c.at_ms)
      returning m.id, m.sensitivity, octet_length(m.content) + octet_length(m.details) + octet_length(m.entry) as size
    ), left_behind as (
      insert into memkeep.removal (tenant, subject, shelf_version, id, sensitivity, removed_ms)
      select c.tenant, c.shelf, p_shelf_version, g.id, g.sensitivity, c.at_ms from gone g
    )
    select coalesce(array_agg(g.id), '{}'), coalesce(sum(g.size), 0) into ids, freed from gone g;
  else
    with gone as (
      delete from memkeep.memory m
      where m.tenant = c.tenant and m.subject = c.shelf and (p_all
        or m.expires_ms <= p_expired_ms and not exists (select 1 from memkeep.undistilled u
          where u.tenant = m.tenant and u.subject = m.subject and u.id = m.id)
        or (m.id = any (p_ids) and (m.expires_ms is null or m.expires_ms > c.at_ms)))
      returning m.id, m.sensitivity, octet_length(m.content) + octet_length(m.details) + octet_length(m.entry) as size
    ), left_behind as (
      insert into memkeep.removal (tenant, subject, shelf_version, id, sensitivity, removed_ms)
      select c.tenant, c.shelf, p_shelf_version, g.id, g.sensitivity, c.at_ms from gone g
    )
    select coalesce(array_agg(g.id), '{}'), coalesce(sum(g.size), 0) into ids, freed from gone g;
  end if;
  going_aside := p_ids;
  if p_all then
    going_aside := array(select a.id from memkeep.aside a where a.tenant = c.tenant and a.subject = c.shelf);
  elsif p_expired_ms is not null then
    going_aside := p_ids || array(select a.id from memkeep.aside a
      where a.tenant = c.tenant and a.subject = c.shelf and a.expires_ms <= p_expired_ms);
  end if;
  loop
    going_aside := going_aside || array(select a.id from memkeep.aside a
      where a.tenant = c.tenant and a.subject = c.shelf and a.successor = any (ids) and a.stands_above is null);
    with gone as (
      delete from memkeep.aside a where a.tenant = c.tenant and a.subject = c.shelf and a.id = any (going_aside)
      returning a.id, a.sensitivity, a.stands_above,
        coalesce((select w.newer from unnest(gone_ids, gone_newer) as w (id, newer) where w.id = a.successor),
          case when a.successor <> all (ids || p_ids) then a.successor end) as newer,
        octet_length(a.content) + octet_length(a.details) + octet_length(a.entry) as size
    ), left_behind as (
      insert into memkeep.removal (tenant, subject, shelf_version, id, sensitivity, removed_ms)
      select c.tenant, c.shelf, p_shelf_version, g.id, g.sensitivity, c.at_ms from gone g where g.stands_above is not null
    )
    select array_agg(g.id), array_agg(g.newer), sum(g.size) into set_aside, newer, freed_aside from gone g;
    exit when set_aside is null;
    ids := ids || set_aside;
    gone_ids := gone_ids || set_aside;
    gone_newer := gone_newer || newer;
    freed := freed + freed_aside;
  end loop;
  if cardinality(ids) > 0 then
    with gone as (
      delete from memkeep.memory_version v where v.tenant = c.tenant and v.subject = c.shelf and v.id = any (ids)
      returning octet_length(v.content) + octet_length(v.details) as size
    )
    select coalesce(sum(g.size), 0) into freed_earlier from gone g;
    update memkeep.shelf s set version = greatest(s.version, p_shelf_version), memories = s.memories - cardinality(ids),
      bytes = s.bytes - freed - freed_earlier, due_ms = least(s.due_ms, c.at_ms + 3600000)
      where s.tenant = c.tenant and s.subject = c.shelf;
    delete from memkeep.undistilled u where u.tenant = c.tenant and u.subject = c.shelf and u.id = any (ids);
    delete from memkeep.reviewed w where w.tenant = c.tenant and w.subject = c.shelf and w.id = any (ids);
    perform memkeep.prune_lineage(c, ids);
    ignored := memkeep.unlearn(c, c.shelf, ids, c.event);
    with standing as (
      delete from memkeep.aside a using unnest(gone_ids, gone_newer) as w (id, newer)
      where a.tenant = c.tenant and a.subject = c.shelf and a.successor = w.id and a.why = 2 and w.newer is not null
        and c.writable & (1 << a.sensitivity) <> 0
      returning a.*, w.newer
    ), put as (
      insert into memkeep.aside (tenant, subject, id, version, sensitivity, trust, actor, kind, at_ms, created_ms, updated_ms, expires_ms,
        derived_from, epoch, content, details, entry, why, aside_ms, successor, line, stands_above, shelf_version)
      select s.tenant, s.subject, s.id, s.version, s.sensitivity, s.trust, s.actor, s.kind, s.at_ms, s.created_ms, s.updated_ms,
        s.expires_ms, s.derived_from, s.epoch, s.content, s.details, s.entry, s.why, s.aside_ms, s.newer, s.line, s.stands_above, s.shelf_version
      from standing s
    )
    select array_agg(s.id) into kept from standing s;
    if kept is not null then ignored := memkeep.weigh_lines(c, c.shelf, kept); end if;
    if memkeep.bring_back(c, ids, p_shelf_version + 1) > 0 then
      update memkeep.shelf s set version = greatest(s.version, p_shelf_version + 1) where s.tenant = c.tenant and s.subject = c.shelf;
    end if;
  end if;
  return ids;
end $$;
