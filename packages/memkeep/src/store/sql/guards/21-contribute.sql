-- owner: memkeep_derive_door
-- callers: memkeep_door

-- Everything that stands behind these sources: each memory in sight with what it was derived from, at any distance, also where
-- something between was superseded, held or has gone since; each artifact in sight with all that stands behind it. In sight is
-- what the call's claims may read; with the rights `common` and `tenant`, a call for the tenant as a whole sees every subject's.
-- Runs as a role that sees ids and labels of a tenant, and no sealed column.
create or replace function memkeep.behind(c memkeep.claims, p_sources uuid[])
returns table (source uuid, subject bytea, direct boolean, derived boolean, sensitivity smallint, trust smallint)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp as $$
declare
  zero constant bytea := '\x00000000000000000000000000000000';
  sight bytea[] := case when c.reach = 1 then array[c.shelf, zero] when c.rights & 24 = 24 then null else array[zero] end;
begin
  return query with recursive named as (
    select m.id, m.subject, m.sensitivity, m.trust, false as made from memkeep.memory m
    where m.tenant = c.tenant and m.id = any (p_sources) and (sight is null or m.subject = any (sight))
      and c.clearance & (1 << m.sensitivity) <> 0 and (m.expires_ms is null or m.expires_ms > c.at_ms)
    union all
    select o.id, o.subject, o.sensitivity, o.trust, false from memkeep.aside o
    where o.tenant = c.tenant and o.id = any (p_sources) and (sight is null or o.subject = any (sight)) and o.stands_above is not null
      and c.clearance & (1 << o.sensitivity) <> 0 and (o.expires_ms is null or o.expires_ms > c.at_ms)
    union all
    select a.id, a.subject, a.sensitivity, a.trust, true from memkeep.artifact a
    where a.tenant = c.tenant and a.id = any (p_sources) and (sight is null or a.subject = any (sight))
      and c.clearance & (1 << a.sensitivity) <> 0 and a.state = 0 and a.place = 0
  ), walked (id, subject) as (
    select n.id, n.subject from named n where not n.made
    union
    -- The line of descent outlives what stands in it; a source stands on the same shelf, or is common.
    select l.source, p.subject from walked w
      join memkeep.lineage l on l.tenant = c.tenant and l.subject = w.subject and l.derived = w.id
      cross join lateral (values (l.subject), (zero)) as p (subject)
  ), lineage (id, subject) as (
    select w.id, w.subject from walked w
    where exists (select from memkeep.memory m where m.tenant = c.tenant and m.subject = w.subject and m.id = w.id)
      or exists (select from memkeep.aside a where a.tenant = c.tenant and a.subject = w.subject and a.id = w.id)
  ), whole as (
    select l.id, l.subject, false as made from lineage l
    union all
    select n.id, n.subject, true from named n where n.made
    union all
    select k.source, k.subject, k.derived from named n join memkeep.contribution k
      on k.tenant = c.tenant and k.shelf = n.subject and k.artifact = n.id
  )
  select w.id, w.subject, bool_or(n.id is not null), bool_or(w.made), max(n.sensitivity), min(n.trust)
  from whole w left join named n on n.id = w.id and n.subject = w.subject group by w.id, w.subject;
end $$;

-- Notes what stands behind an artifact that is about to be stored, under a lock of each shelf that contributes: no bar and no
-- deletion of theirs passes it. Outcomes: ok, missing (a source not in sight), barred (a contributor was erased), conflict:
-- the artifact must not be trusted more, nor be less sensitive, than `trust` and `sensitivity` say.
create or replace function memkeep.contribute(c memkeep.claims, p_shelf bytea, p_artifact uuid, p_sources uuid[],
  p_sensitivity smallint, p_trust smallint, out outcome text, out sensitivity smallint, out trust smallint)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp as $$
declare
  shelves bytea[];
  held record;
  found_ones record;
begin
  select array_agg(distinct b.subject) into shelves from memkeep.behind(c, p_sources) b;
  select count(*) as number, coalesce(bool_and(h.state = 0), true) as open into held from (
    select s.state from memkeep.shelf s where s.tenant = c.tenant and s.subject = any (shelves) order by s.subject for share
  ) h;
  -- Behind the locks.
  select count(*) filter (where b.direct) as number, max(b.sensitivity) as sensitivity, min(b.trust) as trust,
    bool_and(b.subject = any (shelves)) as same into found_ones from memkeep.behind(c, p_sources) b;
  outcome := case
    when not held.open then 'barred'
    when found_ones.number <> (select count(distinct s) from unnest(p_sources) s) then 'missing'
    when found_ones.sensitivity > p_sensitivity or found_ones.trust < p_trust or not found_ones.same then 'conflict'
    else 'ok'
  end;
  if outcome = 'conflict' then
    sensitivity := greatest(found_ones.sensitivity, p_sensitivity);
    trust := least(found_ones.trust, p_trust);
  elsif outcome = 'ok' then
    insert into memkeep.contribution (tenant, subject, source, shelf, artifact, direct, derived)
      select c.tenant, b.subject, b.source, p_shelf, p_artifact, b.direct, b.derived from memkeep.behind(c, p_sources) b;
  end if;
end $$;
