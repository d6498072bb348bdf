-- owner: memkeep_door
-- callers: memkeep_app
-- twin: wide_read memkeep_wide_door

-- One memory by its id, with its earlier versions when p_history (newest first), and then what it superseded, each with its own. One that is
-- superseded has a history alone, unless it stands above all that took its place. A foreign id and a missing one answer
-- alike. One row a version, and one with the outcome (ok, missing, budget, denied, barred, epoch, policy, unknown). A look counts as one memory
-- disclosed, whether there is one or not; a history as many as it brings the versions of.
create or replace function memkeep.read(p_tenant bytea, p_token bytea, p_id uuid, p_history boolean, p_detail bytea)
returns setof memkeep.reading
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'read');
  answer memkeep.reading;
  ignored text;
  number integer := 0;
  ids uuid[];
  shelves bytea[] := memkeep.shelves_of(c);
begin
  answer.part := 0;
  answer.outcome := memkeep.admit_reading(c, 1);
  if answer.outcome = 'ok' and not p_history and c.shelf_epoch > 1048575 then answer.outcome := memkeep.disclose(c, 1); end if;
  if answer.outcome = 'ok' and p_history then
    with recursive line (id, depth) as (
      select p_id, 0 where exists (select 1 from memkeep.memory m where m.tenant = p_tenant and m.id = p_id
          and (m.expires_ms is null or m.expires_ms > c.at_ms) and (shelves is null or m.subject = any (shelves)))
        or exists (select 1 from memkeep.aside a where a.tenant = p_tenant and a.id = p_id and a.why = 2
          and (a.expires_ms is null or a.expires_ms > c.at_ms) and (shelves is null or a.subject = any (shelves)))
      union
      -- `offset 0`: looked up one after another, never joined with all that is aside.
      select s.id, l.depth + 1 from line l, lateral (
        select a.id from memkeep.aside a where a.tenant = p_tenant and a.successor = l.id and a.why = 2
          and (shelves is null or a.subject = any (shelves)) and (a.expires_ms is null or a.expires_ms > c.at_ms) offset 0
      ) s
    )
    select array_agg(l.id order by l.depth, l.id) into ids from line l;
    answer.outcome := memkeep.disclose(c, cardinality(ids));
    if answer.outcome <> 'ok' then ids := null; end if;
    return query
      select null::text, 2::smallint, v.subject, null::bigint, v.id, v.version, v.sensitivity, v.trust, v.actor, v.kind,
        v.at_ms, v.created_ms, v.updated_ms, v.expires_ms, v.derived_from, v.epoch, v.content, v.details, null::bytea
      from (
        select m.subject, m.id, m.version, m.sensitivity, m.trust, m.actor, m.kind, m.at_ms, m.created_ms, m.updated_ms, m.expires_ms,
          m.derived_from, m.epoch, m.content, m.details
        from memkeep.memory m where m.tenant = p_tenant and m.id = any (ids) and (shelves is null or m.subject = any (shelves))
        union all
        select a.subject, a.id, a.version, a.sensitivity, a.trust, a.actor, a.kind, a.at_ms, a.created_ms, a.updated_ms, a.expires_ms,
          a.derived_from, a.epoch, a.content, a.details
        from memkeep.aside a where a.tenant = p_tenant and a.id = any (ids) and a.why = 2 and (shelves is null or a.subject = any (shelves))
        union all
        select h.subject, h.id, h.version, h.sensitivity, h.trust, h.actor, h.kind, h.at_ms, h.created_ms, h.updated_ms, h.expires_ms,
          h.derived_from, h.epoch, h.content, h.details
        from memkeep.memory_version h where h.tenant = p_tenant and h.id = any (ids) and (shelves is null or h.subject = any (shelves))
      ) v
      order by array_position(ids, v.id), v.version desc;
    get diagnostics number = row_count;
  elsif answer.outcome = 'ok' then
    return query
      select null::text, 2::smallint, m.subject, null::bigint, m.id, m.version, m.sensitivity, m.trust, m.actor, m.kind,
        m.at_ms, m.created_ms, m.updated_ms, m.expires_ms, m.derived_from, m.epoch, m.content, m.details, null::bytea
      from memkeep.memory m where m.tenant = p_tenant and m.id = p_id and (m.expires_ms is null or m.expires_ms > c.at_ms)
        and (shelves is null or m.subject = any (shelves));
    get diagnostics number = row_count;
    if number = 0 then
      return query
        select null::text, 2::smallint, a.subject, null::bigint, a.id, a.version, a.sensitivity, memkeep.standing_trust(a.trust, a.stands_above),
          a.actor, a.kind, a.at_ms, a.created_ms, a.updated_ms, a.expires_ms, a.derived_from, a.epoch, a.content, a.details, null::bytea
        from memkeep.aside a where a.tenant = p_tenant and a.id = p_id and a.stands_above is not null
          and (a.expires_ms is null or a.expires_ms > c.at_ms) and (shelves is null or a.subject = any (shelves));
      get diagnostics number = row_count;
    end if;
  end if;
  if answer.outcome = 'ok' and number = 0 then answer.outcome := 'missing'; end if;
  ignored := memkeep.record(c, case when p_history then 'memory.history' else 'memory.get' end, answer.outcome, coalesce(ids, array[p_id]),
    number, p_detail);
  return next answer;
end $$;
