-- owner: memkeep_label_door
-- callers: memkeep_door

-- Labels follow lineage. Who lowers or deletes a memory may not see all that came from it: some of it may stand above the
-- call's clearance or, where it was a common memory, on other subjects' shelves. So these run as a role that sees ids, shelves, trust
-- and versions under the token of a call that may lower (policies.sql), and no sealed byte.
-- `offset 0` keeps a look by an index from being made a join, which reads, and asks the policy for, every row of the tenant.

-- Everything that came from these memories, over any number of steps, is trusted p_trust at most from now on. On the shelf of
-- this call under the version that the call moved it to; another shelf moves on by one. Shelves are locked in one
-- order, behind the common one (hold_common). Returns how many memories were lowered.
create or replace function memkeep.lower_trust(c memkeep.claims, p_sources uuid[], p_trust smallint, p_shelf_version bigint)
returns integer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp as $$
declare
  shelves bytea[];
  derived uuid[];
  place record;
  moved_to bigint;
  lowered integer;
  lowered_aside integer;
  ignored integer;
  total integer := 0;
begin
  with recursive came (subject, id) as (
    select l.subject, l.derived from memkeep.lineage l where l.tenant = c.tenant and l.source = any (p_sources)
    union
    select s.subject, s.derived from came a, lateral (
      select l.subject, l.derived from memkeep.lineage l where l.tenant = c.tenant and l.source = a.id offset 0
    ) s
  )
  select array_agg(a.subject), array_agg(a.id) into shelves, derived from came a;
  for place in select w.subject, array_agg(w.id) as ids from unnest(shelves, derived) as w (subject, id) group by w.subject order by w.subject loop
    moved_to := p_shelf_version;
    if place.subject <> c.shelf then
      update memkeep.shelf s set version = s.version + 1 where s.tenant = c.tenant and s.subject = place.subject
        returning s.version into moved_to;
    end if;
    update memkeep.memory m set trust = p_trust, shelf_version = moved_to
      where m.tenant = c.tenant and m.subject = place.subject and m.id = any (place.ids) and m.trust > p_trust;
    get diagnostics lowered = row_count;
    total := total + lowered;
    update memkeep.aside m set trust = p_trust
      where m.tenant = c.tenant and m.subject = place.subject and m.id = any (place.ids) and m.trust > p_trust;
    get diagnostics lowered_aside = row_count;
    -- What was made of one before it was set aside stands as well.
    if lowered + lowered_aside > 0 then
      ignored := memkeep.outdate(c, place.subject, place.ids);
      ignored := memkeep.weigh_lines(c, place.subject, place.ids);
    end if;
  end loop;
  return total;
end $$;

-- What was superseded is found again by searches at lines above all that took its place, and by no others: so that at no line both are found, and
-- none of them is lost to a line for a fall of the other. Looks at the lines of statements in which these memories of one shelf stand, after they were lowered, raised,
-- superseded or brought back. What changes by that the shelf gets as one version more, so that no process takes its own write for all there was. A newer one that is
-- not there leaves what is behind it as it is. Returns how many changed.
create or replace function memkeep.weigh_lines(c memkeep.claims, p_subject bytea, p_ids uuid[]) returns integer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp as $$
declare
  changed uuid[];
  lines smallint[];
  moved_to bigint;
begin
  with recursive newer (id) as (
    select w.id from unnest(p_ids) as w (id)
    union
    select s.successor from newer n, lateral (
      select a.successor from memkeep.aside a
      where a.tenant = c.tenant and a.subject = p_subject and a.id = n.id and a.successor is not null offset 0
    ) s
  ), line (id, above) as (
    select n.id, null::smallint from newer n where not exists (
      select 1 from memkeep.aside a
      where a.tenant = c.tenant and a.subject = p_subject and a.id = n.id and a.successor is not null offset 0
    )
    union all
    select s.id, greatest(l.above, s.newest) from line l, lateral (
      select a.id, coalesce(
          (select m.trust from memkeep.memory m where m.tenant = c.tenant and m.subject = p_subject and m.id = l.id),
          (select n.trust from memkeep.aside n where n.tenant = c.tenant and n.subject = p_subject and n.id = l.id limit 1)) as newest
      from memkeep.aside a where a.tenant = c.tenant and a.subject = p_subject and a.successor = l.id offset 0
    ) s
  )
  select array_agg(s.id), array_agg(s.above) into changed, lines from line l, lateral (
    select a.id, a.stands_above as was, case when a.trust > l.above then l.above end as above from memkeep.aside a
    where a.tenant = c.tenant and a.subject = p_subject and a.id = l.id and a.why = 2 offset 0
  ) s
  where l.above is not null and (s.above is distinct from s.was or s.above is not null and s.id = any (p_ids));
  if changed is null then return 0; end if;
  update memkeep.shelf s set version = s.version + 1 where s.tenant = c.tenant and s.subject = p_subject returning s.version into moved_to;
  update memkeep.aside a set stands_above = w.above, shelf_version = moved_to from unnest(changed, lines) as w (id, above)
    where a.tenant = c.tenant and a.subject = p_subject and a.id = w.id;
  return cardinality(changed);
end $$;

-- Keeps the common memories as they are until this call ends, for one that names sources among them: a call that lowers or deletes
-- one either ended before, or sees what this one stores.
create or replace function memkeep.hold_common(c memkeep.claims) returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp as $$
begin
  perform 1 from memkeep.shelf s where s.tenant = c.tenant and s.subject = '\x00000000000000000000000000000000' for share;
end $$;

-- Forgets where these memories came from, which are gone, unless something that came from them is there; and then the same of
-- what they came from.
create or replace function memkeep.prune_lineage(c memkeep.claims, p_ids uuid[]) returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp as $$
declare
  left_over uuid[] := p_ids;
  sources uuid[];
begin
  loop
    with forgotten as (
      delete from memkeep.lineage l where l.tenant = c.tenant and l.subject = c.shelf and l.derived = any (left_over)
        and not exists (select 1 from memkeep.lineage d where d.tenant = c.tenant and d.source = l.derived offset 0)
        and not exists (select 1 from memkeep.memory m where m.tenant = c.tenant and m.subject = c.shelf and m.id = l.derived offset 0)
        and not exists (select 1 from memkeep.aside m where m.tenant = c.tenant and m.subject = c.shelf and m.id = l.derived offset 0)
      returning l.source
    )
    select array_agg(distinct f.source) into sources from forgotten f;
    exit when sources is null;
    left_over := left_over || sources;
  end loop;
end $$;

-- The trust of these memories of the call's shelf, in their order; null for what is not there.
create or replace function memkeep.stored_trusts(c memkeep.claims, p_ids uuid[]) returns smallint[]
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp as $$
begin
  return array(select (select m.trust from memkeep.memory m where m.tenant = c.tenant and m.subject = c.shelf and m.id = w.id)
    from unnest(p_ids) with ordinality as w (id, place) order by w.place);
end $$;
