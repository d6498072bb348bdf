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
    if lowered + lowered_aside > 0 then ignored := memkeep.outdate(c, place.subject, place.ids); end if;
  end loop;
  return total;
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
