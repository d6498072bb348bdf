-- owner: memkeep_door
-- callers: memkeep_app
-- twin: wide_support_read memkeep_wide_door

-- Memories that support access p_grant reaches, as they stand, newest ids first: those before p_before (null: from the newest), or the one
-- with the id p_id. The event has each id that was shown, and it is of a class of its own. p_second: as guards/12 has it.
-- One more row brings the outcome (ok, missing, denied, barred, epoch, unknown).
create or replace function memkeep.support_read(p_tenant bytea, p_token bytea, p_grant uuid, p_second boolean, p_id uuid,
  p_before uuid, p_limit integer, p_detail bytea)
returns setof memkeep.reading
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'support_read');
  answer memkeep.reading;
  row memkeep.reading;
  ids uuid[] := '{}';
begin
  answer.part := 0;
  answer.outcome := memkeep.admit_support(c, p_grant, p_second);
  if answer.outcome = 'ok' then
    for row in
      select null, 2::smallint, m.subject, null::bigint, m.id, m.version, m.sensitivity, m.trust, m.actor, m.kind,
        m.at_ms, m.created_ms, m.updated_ms, m.expires_ms, m.derived_from, m.epoch, m.content, m.details,
        -- In the entry's place, for a reading of every subject: the sealed name of whom it is about.
        case when c.reach = 2 then s.name end
      from memkeep.memory m left join memkeep.shelf s on s.tenant = m.tenant and s.subject = m.subject
      where m.tenant = p_tenant and (c.reach = 2 or m.subject = c.shelf) and (p_id is null or m.id = p_id)
        and (p_before is null or m.id < p_before) and (m.expires_ms is null or m.expires_ms > c.at_ms)
      order by m.id desc limit least(p_limit, 101)
    loop
      ids := ids || row.id;
      return next row;
    end loop;
    if p_id is not null and ids = '{}' then answer.outcome := 'missing'; end if;
  end if;
  perform memkeep.record(c, 'support.read', answer.outcome, ids, cardinality(ids), p_detail);
  return next answer;
end $$;
