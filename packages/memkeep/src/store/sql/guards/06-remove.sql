-- owner: memkeep_owner
-- callers: memkeep_door

-- Removes memories of the locked shelf with every version: those in p_ids that have not expired, all, or those expired at
-- p_expired_ms. Leaves a
-- removal row for each, so that other processes drop them, and the shelf at p_shelf_version. What is held or
-- superseded goes alike, and with a memory what it superseded. What was made of them goes too (unlearn). Returns the ids removed.
create or replace function memkeep.remove(c memkeep.claims, p_ids uuid[], p_all boolean, p_expired_ms bigint,
  p_shelf_version bigint) returns uuid[]
language plpgsql volatile
set search_path = pg_catalog, pg_temp as $$
declare ids uuid[]; freed bigint; freed_earlier bigint; set_aside uuid[]; freed_aside bigint; ignored integer;
begin
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
  loop
    with gone as (
      delete from memkeep.aside a where a.tenant = c.tenant and a.subject = c.shelf and (p_all or a.expires_ms <= p_expired_ms
        or a.id = any (p_ids) or a.successor = any (ids))
      returning a.id, octet_length(a.content) + octet_length(a.details) + octet_length(a.entry) as size
    )
    select array_agg(g.id), sum(g.size) into set_aside, freed_aside from gone g;
    exit when set_aside is null;
    ids := ids || set_aside;
    freed := freed + freed_aside;
  end loop;
  if cardinality(ids) > 0 then
    with gone as (
      delete from memkeep.memory_version v where v.tenant = c.tenant and v.subject = c.shelf and v.id = any (ids)
      returning octet_length(v.content) + octet_length(v.details) as size
    )
    select coalesce(sum(g.size), 0) into freed_earlier from gone g;
    update memkeep.shelf s set version = p_shelf_version, memories = s.memories - cardinality(ids),
      bytes = s.bytes - freed - freed_earlier, due_ms = least(s.due_ms, c.at_ms + 3600000)
      where s.tenant = c.tenant and s.subject = c.shelf;
    delete from memkeep.undistilled u where u.tenant = c.tenant and u.subject = c.shelf and u.id = any (ids);
    delete from memkeep.reviewed w where w.tenant = c.tenant and w.subject = c.shelf and w.id = any (ids);
    perform memkeep.prune_lineage(c, ids);
    ignored := memkeep.unlearn(c, c.shelf, ids, c.event);
  end if;
  return ids;
end $$;
