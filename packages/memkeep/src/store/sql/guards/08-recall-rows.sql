-- owner: memkeep_owner
-- callers: memkeep_door memkeep_wide_door

-- The rows of `recall` and `wide_recall`. p_versions are the shelf versions that the caller ranked by. When p_exact and one
-- of them is not current, the answer is 'stale' and brings, for every shelf that moved, what changed since (parts 1, 3
-- and 4; a shelf_version of -1 says: too much changed, load it anew). Otherwise it brings the memories p_ids, which stand
-- on p_shelves, as far as they are still in sight (part 2). One statement reads versions and rows, so both are of one moment.
create or replace function memkeep.recall_rows(c memkeep.claims, p_action text, p_subjects bytea[], p_versions bigint[],
  p_exact boolean, p_ids uuid[], p_shelves bytea[], p_detail bytea)
returns setof memkeep.reading
language plpgsql volatile
set search_path = pg_catalog, pg_temp as $$
declare
  answer memkeep.reading;
  row memkeep.reading;
  number integer := 0;
  ids uuid[] := '{}';
  shelves bytea[] := memkeep.shelves_of(c);
begin
  answer.part := 0;
  answer.outcome := memkeep.admit(c, case when c.reach = 2 then 1 | 16 else 1 end);
  if answer.outcome = 'ok' then answer.outcome := memkeep.shelf_open(c); end if;
  if answer.outcome = 'ok' then
    for row in
      with held as (
        select h.subject, h.version from unnest(p_subjects, p_versions) as h (subject, version)
        where shelves is null or h.subject = any (shelves)
      ), moved as (
        select h.subject, h.version as since, s.version, s.floor from held h
        join memkeep.shelf s on s.tenant = c.tenant and s.subject = h.subject and s.version <> h.version
        where p_exact
      )
      select null, 2::smallint, m.subject, m.shelf_version, m.id, m.version, m.sensitivity, m.trust, m.actor, m.kind,
        m.at_ms, m.created_ms, m.updated_ms, m.expires_ms, m.derived_from, m.epoch, m.content, m.details, null::bytea
      from memkeep.memory m
      where m.tenant = c.tenant and m.subject = any (p_shelves) and m.id = any (p_ids)
        and (m.expires_ms is null or m.expires_ms > c.at_ms) and not exists (select 1 from moved)
      union all
      select 'stale', 1, d.subject, case when d.since < d.floor or d.since > d.version then -1 else d.version end, null, null,
        null, null, null, null, null, null, null, null, null, null, null, null, null
      from moved d
      union all
      select null, 4, r.subject, r.shelf_version, r.id, null, null, null, null, null, null, null, null, null, null, null,
        null, null, null
      from moved d join memkeep.removal r on r.tenant = c.tenant and r.subject = d.subject and r.shelf_version > d.since
      where d.since >= d.floor
      union all
      select null, 3, m.subject, m.shelf_version, m.id, m.version, m.sensitivity, m.trust, m.actor, m.kind, m.at_ms,
        m.created_ms, m.updated_ms, m.expires_ms, m.derived_from, m.epoch, null, null, m.entry
      from moved d join memkeep.memory m on m.tenant = c.tenant and m.subject = d.subject and m.shelf_version > d.since
        and m.shelf_version > 0
      where d.since >= d.floor
    loop
      if row.part = 1 then answer.outcome := 'stale'; end if;
      if row.part = 2 then ids := ids || row.id; end if;
      number := number + 1;
      return next row;
    end loop;
  end if;
  perform memkeep.record(c, p_action, answer.outcome, ids, number, p_detail);
  return next answer;
end $$;
