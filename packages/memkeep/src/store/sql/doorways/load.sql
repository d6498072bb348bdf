-- owner: memkeep_door
-- callers: memkeep_app
-- twin: wide_load memkeep_wide_door

-- One page of a shelf's sealed entries, of what stands above all that superseded it too, in the order (shelf_version, id) after the given cursor.
-- One more row brings the outcome and the shelf's version when this page was read (0 when there is no such shelf).
-- Outcomes: ok, denied, barred, epoch, policy, unknown.
create or replace function memkeep.load(p_tenant bytea, p_token bytea, p_subject bytea, p_after_version bigint,
  p_after_id uuid, p_limit integer, p_detail bytea)
returns setof memkeep.reading
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'load');
  answer memkeep.reading;
  shelves bytea[] := memkeep.shelves_of(c);
  number integer := 0;
begin
  answer.part := 0;
  answer.shelf_version := 0;
  answer.outcome := memkeep.admit_reading(c, 1);
  if answer.outcome = 'ok' and shelves is not null and p_subject <> all (shelves) then answer.outcome := 'denied'; end if;
  if answer.outcome = 'ok' then
    select s.version into answer.shelf_version from memkeep.shelf s where s.tenant = c.tenant and s.subject = p_subject;
    answer.shelf_version := coalesce(answer.shelf_version, 0);
  end if;
  return next answer;
  if answer.outcome = 'ok' then
    -- Each of the two in the order of its own index, and no further than a page.
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
        order by m.shelf_version, m.id limit least(p_limit, 5000))
        union all
        (select a.subject, a.shelf_version, a.id, a.version, a.sensitivity, memkeep.standing_trust(a.trust, a.stands_above), a.actor, a.kind,
          a.at_ms, a.created_ms, a.updated_ms, a.expires_ms, a.derived_from, a.epoch, a.entry
        from memkeep.aside a
        where a.tenant = c.tenant and a.subject = p_subject and a.stands_above is not null
          and (a.shelf_version, a.id) > (p_after_version, p_after_id)
          and (a.expires_ms is null or a.expires_ms > c.at_ms)
        order by a.shelf_version, a.id limit least(p_limit, 5000))
      ) e
      order by e.shelf_version, e.id limit least(p_limit, 5000);
    get diagnostics number = row_count;
  end if;
  perform memkeep.record(c, 'shelf.load', answer.outcome, '{}', number, p_detail);
end $$;
