-- owner: memkeep_door
-- callers: memkeep_app
-- twin: wide_recall memkeep_wide_door

-- The memories that a search or a list chose: p_ids, which stand on p_shelves, as far as they are still in sight (part 2).
-- p_versions are the versions of the shelves p_subjects that the caller ranked by. When p_exact and one of them is not
-- current, the answer is 'stale', whatever else it brings is not to be used, and it says for every shelf that moved what has
-- changed since (parts 1, 3 and 4; a shelf_version of -1: too much, load it anew).
-- p_action: memory.list, or it is recorded as memory.search. Outcomes: ok, stale, budget, denied, barred, epoch, policy, unknown.
create or replace function memkeep.recall(p_tenant bytea, p_token bytea, p_action text, p_subjects bytea[],
  p_versions bigint[], p_exact boolean, p_ids uuid[], p_shelves bytea[],
  p_detail bytea)
returns setof memkeep.reading
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'recall');
  answer memkeep.reading;
  row memkeep.reading;
  moved boolean := false;
  number integer := 0;
  ids uuid[] := '{}';
  shelves bytea[] := memkeep.shelves_of(c);
  ignored text;
begin
  answer.part := 0;
  answer.outcome := memkeep.admit_reading(c, 1);
  if answer.outcome = 'ok' and p_exact then moved := memkeep.have_moved(p_tenant, shelves, p_subjects, p_versions); end if;
  if answer.outcome = 'ok' and c.shelf_epoch > 1048575 and not moved then
    answer.outcome := memkeep.disclose(c, cardinality(p_ids));
  end if;
  if answer.outcome = 'ok' and not moved then
    for row in
      select null, 2::smallint, m.subject, m.shelf_version, m.id, m.version, m.sensitivity, m.trust, m.actor, m.kind,
        m.at_ms, m.created_ms, m.updated_ms, m.expires_ms, m.derived_from, m.epoch, m.content, m.details, null::bytea
      from memkeep.memory m
      where m.tenant = p_tenant and m.subject = any (p_shelves) and m.id = any (p_ids)
        and (m.expires_ms is null or m.expires_ms > c.at_ms)
    loop
      ids := ids || row.id;
      moved := moved or row.shelf_version > p_versions[array_position(p_subjects, row.subject)];
      return next row;
    end loop;
    -- The rest may have been superseded, and stand above all that took their place.
    if cardinality(ids) < cardinality(p_ids) then
      for row in
        select null, 2::smallint, a.subject, a.shelf_version, a.id, a.version, a.sensitivity, memkeep.standing_trust(a.trust, a.stands_above),
          a.actor, a.kind, a.at_ms, a.created_ms, a.updated_ms, a.expires_ms, a.derived_from, a.epoch, a.content, a.details, null::bytea
        from memkeep.aside a
        where a.tenant = p_tenant and a.subject = any (p_shelves) and a.id = any (p_ids) and a.id <> all (ids) and a.stands_above is not null
          and (a.expires_ms is null or a.expires_ms > c.at_ms)
      loop
        ids := ids || row.id;
        moved := moved or row.shelf_version > p_versions[array_position(p_subjects, row.subject)];
        return next row;
      end loop;
    end if;
    number := cardinality(ids);
    -- Between the look at the versions and the memories something may have been changed (moved) or deleted (fewer).
    moved := p_exact and (moved or number < cardinality(p_ids))
      and memkeep.have_moved(p_tenant, shelves, p_subjects, p_versions);
  end if;
  if answer.outcome = 'ok' and moved then
    answer.outcome := 'stale';
    for row in
      with moved as (
        select h.subject, h.version as since, s.version, s.floor from unnest(p_subjects, p_versions) as h (subject, version)
        join memkeep.shelf s on s.tenant = p_tenant and s.subject = h.subject and s.version <> h.version
        where shelves is null or h.subject = any (shelves)
      )
      select null, 1::smallint, d.subject, case when d.since < d.floor or d.since > d.version then -1 else d.version end,
        null::uuid, null::integer, null::smallint, null::smallint, null::smallint, null, null::bigint, null::bigint,
        null::bigint, null::bigint, null::uuid[], null::integer, null::bytea, null::bytea, null::bytea
      from moved d
      union all
      select null, 4, r.subject, r.shelf_version, r.id, null, null, null, null, null, null, null, null, null, null, null,
        null, null, null
      from moved d join memkeep.removal r on r.tenant = p_tenant and r.subject = d.subject and r.shelf_version > d.since
      where d.since >= d.floor
      union all
      select null, 3, m.subject, m.shelf_version, m.id, m.version, m.sensitivity, m.trust, m.actor, m.kind, m.at_ms,
        m.created_ms, m.updated_ms, m.expires_ms, m.derived_from, m.epoch, null, null, m.entry
      from moved d join memkeep.memory m on m.tenant = p_tenant and m.subject = d.subject and m.shelf_version > d.since
        and m.shelf_version > 0
      where d.since >= d.floor
      union all
      select null, case when a.stands_above is null then 4 else 3 end::smallint, a.subject, a.shelf_version, a.id, a.version, a.sensitivity,
        memkeep.standing_trust(a.trust, a.stands_above), a.actor, a.kind, a.at_ms, a.created_ms, a.updated_ms, a.expires_ms, a.derived_from,
        a.epoch, null, null, a.entry
      from moved d join memkeep.aside a on a.tenant = p_tenant and a.subject = d.subject and a.shelf_version > d.since
      where d.since >= d.floor and (a.expires_ms is null or a.expires_ms > c.at_ms or a.stands_above is null)
    loop
      number := number + 1;
      return next row;
    end loop;
  end if;
  ignored := memkeep.record(c, case when p_action = 'memory.list' then p_action else 'memory.search' end, answer.outcome, ids, number, p_detail);
  return next answer;
end $$;
