-- owner: memkeep_owner
-- callers: memkeep_door memkeep_wide_door

-- One row of an answer. `part`: 0 the outcome, 1 the state of a shelf, 2 a memory, 3 a changed entry, 4 a removed id, 5 an artifact,
-- 6 an earlier version of a memory, 7 what is held or superseded, 8 the verdict on it. `trust` of what was superseded and is found by
-- searches above a line alone (parts 2 and 3): standing_trust().
do $$ begin
  if to_regtype('memkeep.reading') is null then
    create type memkeep.reading as (
      outcome text, part smallint, subject bytea, shelf_version bigint, id uuid, version integer, sensitivity smallint,
      trust smallint, actor smallint, kind text, at_ms bigint, created_ms bigint, updated_ms bigint, expires_ms bigint,
      derived_from uuid[], epoch integer, content bytea, details bytea, entry bytea
    );
  end if;
end $$;

-- A trust, in its two lowest bits, and in those above it 1 to 3 for the line above which alone a search finds it.
create or replace function memkeep.standing_trust(p_trust smallint, p_above smallint) returns smallint language sql immutable
return (p_trust + (4 * (p_above + 1)))::smallint;

-- The shelves that a call may read, to be stated in WHERE beside the tenant; null for every shelf of the tenant.
create or replace function memkeep.shelves_of(c memkeep.claims) returns bytea[] language sql immutable
return case c.reach
  when 0 then array[c.shelf]
  when 1 then array[c.shelf, '\x00000000000000000000000000000000'::bytea]
end;

-- As admit(), for a call that reads: also 'barred' when the subject that it reaches is. p_right is what a call of that
-- reach needs; one that reaches every subject needs the right `tenant` (16) too.
create or replace function memkeep.admit_reading(c memkeep.claims, p_right integer) returns text language plpgsql stable
set search_path = pg_catalog, pg_temp as $$
declare answer text;
begin
  select case
      when t.state <> 0 then 'barred'
      when t.epoch <> c.tenant_epoch then 'epoch'
      when t.policy_version <> c.policy_version then 'policy'
      when c.rights & p_right <> p_right or c.reach = 2 and c.rights & 16 = 0 then 'denied'
      when c.reach <> 2 and s.state <> 0 then 'barred'
      else 'ok'
    end into answer from memkeep.tenant t left join memkeep.shelf s on s.tenant = t.tenant and s.subject = c.shelf
    where t.tenant = c.tenant;
  return coalesce(answer, 'unknown');
end $$;

-- Whether one of these shelves (of those in p_reach; null: every shelf) stands at another version than the one given.
create or replace function memkeep.have_moved(p_tenant bytea, p_reach bytea[], p_subjects bytea[], p_versions bigint[])
returns boolean language plpgsql stable
set search_path = pg_catalog, pg_temp as $$
declare found_one integer;
begin
  if cardinality(p_subjects) < 10 then
    select 1 into found_one from memkeep.shelf s where s.tenant = p_tenant and s.subject = any (p_subjects)
      and s.version <> p_versions[array_position(p_subjects, s.subject)] limit 1;
  else
    select 1 into found_one from unnest(p_subjects, p_versions) as h (subject, version)
      join memkeep.shelf s on s.tenant = p_tenant and s.subject = h.subject and s.version <> h.version
      where p_reach is null or h.subject = any (p_reach) limit 1;
  end if;
  return found;
end $$;

-- A page of a shelf's sealed entries (part 3) in the order (shelf_version, id) after the given cursor: of memories, and of what was superseded and stands above all that
-- took its place. Each of the two in the order of its own index, and no further than a page.
create or replace function memkeep.entries_behind(c memkeep.claims, p_subject bytea, p_after_version bigint, p_after_id uuid, p_limit integer)
returns setof memkeep.reading language plpgsql stable
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
begin
  return query
    select null::text, 3::smallint, e.subject, e.shelf_version, e.id, e.version, e.sensitivity, e.trust, e.actor, e.kind, e.at_ms,
      e.created_ms, e.updated_ms, e.expires_ms, e.derived_from, e.epoch, null::bytea, null::bytea, e.entry
    from (
      (select m.subject, m.shelf_version, m.id, m.version, m.sensitivity, m.trust, m.actor, m.kind, m.at_ms, m.created_ms, m.updated_ms,
        m.expires_ms, m.derived_from, m.epoch, m.entry
      from memkeep.memory m
      where m.tenant = c.tenant and m.subject = p_subject and m.shelf_version > 0
        and (m.shelf_version, m.id) > (p_after_version, p_after_id)
        and (m.expires_ms is null or m.expires_ms > c.at_ms)
      order by m.shelf_version, m.id limit p_limit)
      union all
      (select a.subject, a.shelf_version, a.id, a.version, a.sensitivity, memkeep.standing_trust(a.trust, a.stands_above), a.actor, a.kind,
        a.at_ms, a.created_ms, a.updated_ms, a.expires_ms, a.derived_from, a.epoch, a.entry
      from memkeep.aside a
      where a.tenant = c.tenant and a.subject = p_subject and a.stands_above is not null
        and (a.shelf_version, a.id) > (p_after_version, p_after_id)
        and (a.expires_ms is null or a.expires_ms > c.at_ms)
      order by a.shelf_version, a.id limit p_limit)
    ) e
    order by e.shelf_version, e.id limit p_limit;
end $$;
