-- owner: memkeep_door
-- callers: memkeep_app
-- twin: wide_export memkeep_wide_door

-- One page of a shelf's memories in the order of their ids after the given one, each with its earlier versions (newest
-- first), and part 0. Needs the right `export`. p_most_versions (null: no bound): a page ends with the memory that brings it to so many versions; the
-- version of part 0 is 1 when there may be more memories behind it.
-- Outcomes: ok, budget, denied, barred, epoch, policy, unknown.
-- An earlier build's had fewer arguments, and a call that fits both would fit none.
drop function if exists memkeep.export(bytea, bytea, bytea, uuid, integer, bytea);
create or replace function memkeep.export(p_tenant bytea, p_token bytea, p_subject bytea, p_after uuid, p_limit integer,
  p_detail bytea, p_most_versions integer default null)
returns setof memkeep.reading
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'export');
  answer memkeep.reading;
  ids uuid[] := '{}';
  number integer := 0;
begin
  answer.part := 0;
  answer.outcome := memkeep.admit_reading(c, 64);
  if answer.outcome = 'ok' and c.reach <> 2 and p_subject <> c.shelf then answer.outcome := 'denied'; end if;
  if answer.outcome = 'ok' then
    -- A memory of version n has n versions.
    select array_agg(p.id order by p.id) filter (where p.fits), (count(*) = least(p_limit, 1000) or not bool_and(p.fits))::integer
      into ids, answer.version
      from (
        select w.id, p_most_versions is null or sum(w.version) over (order by w.id) - w.version < p_most_versions as fits from (
          select m.id, m.version from memkeep.memory m
            where m.tenant = c.tenant and m.subject = p_subject and m.id > p_after and (m.expires_ms is null or m.expires_ms > c.at_ms)
          union all
          select a.id, a.version from memkeep.aside a
            where a.tenant = c.tenant and a.subject = p_subject and a.id > p_after and (a.expires_ms is null or a.expires_ms > c.at_ms)
        ) w order by w.id limit least(p_limit, 1000)
      ) p;
    ids := coalesce(ids, '{}');
    answer.outcome := memkeep.disclose(c, cardinality(ids));
    if answer.outcome <> 'ok' then ids := '{}'; end if;
  end if;
  if answer.outcome = 'ok' then
    return query
      select null::text, 2::smallint, v.* from (
        select m.subject, m.shelf_version, m.id, m.version, m.sensitivity, m.trust, m.actor, m.kind, m.at_ms, m.created_ms,
          m.updated_ms, m.expires_ms, m.derived_from, m.epoch, m.content, m.details, null::bytea
        from memkeep.memory m where m.tenant = c.tenant and m.subject = p_subject and m.id = any (ids)
        union all
        -- What is held or superseded (at the shelf version -2) is no memory, and held all the same.
        select a.subject, case a.why when 2 then -2 end, a.id, a.version, a.sensitivity, a.trust, a.actor, a.kind, a.at_ms, a.created_ms,
          a.updated_ms, a.expires_ms, a.derived_from, a.epoch, a.content, a.details, null::bytea
        from memkeep.aside a where a.tenant = c.tenant and a.subject = p_subject and a.id = any (ids)
        union all
        select h.subject, null, h.id, h.version, h.sensitivity, h.trust, h.actor, h.kind, h.at_ms, h.created_ms,
          h.updated_ms, h.expires_ms, h.derived_from, h.epoch, h.content, h.details, null::bytea
        from memkeep.memory_version h where h.tenant = c.tenant and h.subject = p_subject and h.id = any (ids)
      ) v order by v.id, v.version desc;
    get diagnostics number = row_count;
  end if;
  perform memkeep.record(c, 'memory.export', answer.outcome, ids, number, p_detail);
  return next answer;
end $$;
