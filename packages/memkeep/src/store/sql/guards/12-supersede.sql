-- owner: memkeep_owner
-- callers: memkeep_door

-- How many versions what a memory superseded has, with all that that superseded.
create or replace function memkeep.line_behind(c memkeep.claims, p_id uuid) returns integer
language sql stable
set search_path = pg_catalog, pg_temp as $$
  select coalesce(max(coalesce(a.line, a.version)), 0) from memkeep.aside a
    where a.tenant = c.tenant and a.subject = c.shelf and a.successor = p_id and a.why = 2
$$;

-- Whether memories of the locked shelf may be superseded by new ones of these trusts and labels, element by element (null: none): 'ok'; 'missing' when
-- one is not there, as far as this call sees, or is named twice; 'denied' when it may not be written, is trusted more, or is more sensitive: whoever
-- deletes or rejects the newer reaches the older with it; 'quota' when it and what it superseded have p_most_versions already: a history brings them all.
drop function if exists memkeep.can_supersede(memkeep.claims, uuid[], smallint[], smallint[]);
create or replace function memkeep.can_supersede(c memkeep.claims, p_supersedes uuid[], p_trusts smallint[], p_sensitivity smallint[],
  p_most_versions integer) returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp as $$
declare
  seen record;
  longest integer;
begin
  select count(m.id) as there, count(*) as asked,
      bool_and(m.trust <= w.trust and m.sensitivity <= w.sensitivity and c.writable & (1 << m.sensitivity) <> 0) as may
    into seen
    from unnest(p_supersedes, p_trusts, p_sensitivity) as w (id, trust, sensitivity)
    left join memkeep.memory m on m.tenant = c.tenant and m.subject = c.shelf and m.id = w.id
      and (m.expires_ms is null or m.expires_ms > c.at_ms)
    where w.id is not null;
  if seen.there < seen.asked then return 'missing'; end if;
  if seen.asked > (select count(distinct w.id) from unnest(p_supersedes) as w (id)) then return 'missing'; end if;
  if not coalesce(seen.may, true) then return 'denied'; end if;
  select max(m.version + memkeep.line_behind(c, m.id)) into longest from unnest(p_supersedes) as w (id)
    join memkeep.memory m on m.tenant = c.tenant and m.subject = c.shelf and m.id = w.id;
  return case when longest >= p_most_versions then 'quota' else 'ok' end;
end $$;

-- Takes them out of recall; each stays in the history of its successor, and goes with it (remove).
create or replace function memkeep.supersede(c memkeep.claims, p_supersedes uuid[], p_successors uuid[], p_shelf_version bigint) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp as $$
begin
  with old as (
    delete from memkeep.memory m using unnest(p_supersedes, p_successors) as w (id, successor)
    where m.tenant = c.tenant and m.subject = c.shelf and m.id = w.id
    returning m.*, w.successor as successor
  ), put as (
    insert into memkeep.aside (tenant, subject, id, version, sensitivity, trust, actor, kind, at_ms, created_ms, updated_ms, expires_ms,
      derived_from, epoch, content, details, entry, why, aside_ms, successor, line)
    select o.tenant, o.subject, o.id, o.version, o.sensitivity, o.trust, o.actor, o.kind, o.at_ms, o.created_ms, o.updated_ms,
      o.expires_ms, o.derived_from, o.epoch, o.content, o.details, o.entry, 2, c.at_ms, o.successor,
      o.version + memkeep.line_behind(c, o.id) from old o
  )
  insert into memkeep.removal (tenant, subject, shelf_version, id, sensitivity, removed_ms)
    select c.tenant, c.shelf, p_shelf_version, o.id, o.sensitivity, c.at_ms from old o;
  update memkeep.shelf s set due_ms = least(s.due_ms, c.at_ms + 3600000) where s.tenant = c.tenant and s.subject = c.shelf;
end $$;

-- Brings back what these memories, which are rejected or gone, had superseded and what is there of it: to be distilled, what was not when it was
-- superseded. What stands above all that took its place and is not to be written by this call stays where it is, and is found as before. Returns how many memories that
-- were.
drop function if exists memkeep.bring_back(memkeep.claims, uuid[], bigint);
create or replace function memkeep.bring_back(c memkeep.claims, p_ids uuid[], p_shelf_version bigint) returns integer
language plpgsql volatile
set search_path = pg_catalog, pg_temp as $$
declare
  ids uuid[];
  ignored integer;
begin
  with back as (
    delete from memkeep.aside a where a.tenant = c.tenant and a.subject = c.shelf and a.successor = any (p_ids) and a.why = 2
      and (a.stands_above is null or c.writable & (1 << a.sensitivity) <> 0)
    returning a.*
  ), put as (
    insert into memkeep.memory (tenant, subject, id, version, sensitivity, trust, actor, kind, at_ms, created_ms, updated_ms, expires_ms,
      derived_from, shelf_version, epoch, content, details, entry)
    select b.tenant, b.subject, b.id, b.version, b.sensitivity, b.trust, b.actor, b.kind, b.at_ms, b.created_ms, b.updated_ms,
      b.expires_ms, b.derived_from, p_shelf_version, b.epoch, b.content, b.details, b.entry from back b
  )
  select array_agg(b.id) into ids from back b;
  if ids is null then return 0; end if;
  update memkeep.shelf s set due_ms = least(s.due_ms, (select min(u.due_ms) from memkeep.undistilled u
    join memkeep.memory m on m.tenant = u.tenant and m.subject = u.subject and m.id = u.id
    where u.tenant = c.tenant and u.subject = c.shelf))
    where s.tenant = c.tenant and s.subject = c.shelf;
  ignored := memkeep.weigh_lines(c, c.shelf, ids);
  return cardinality(ids);
end $$;
