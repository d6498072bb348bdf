-- owner: memkeep_door
-- callers: memkeep_app
-- twin: wide_read memkeep_wide_door

-- One memory by its id, with its earlier versions when p_history (newest first). A foreign id and a missing one answer
-- alike. One row a version, and one with the outcome (ok, missing, budget, denied, barred, epoch, policy, unknown). A look counts as one memory
-- disclosed, whether there is one or not.
create or replace function memkeep.read(p_tenant bytea, p_token bytea, p_id uuid, p_history boolean, p_detail bytea)
returns setof memkeep.reading
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'read');
  answer memkeep.reading;
  ignored text;
  number integer := 0;
  shelves bytea[] := memkeep.shelves_of(c);
begin
  answer.part := 0;
  answer.outcome := memkeep.admit_reading(c, 1);
  if answer.outcome = 'ok' and c.shelf_epoch > 1048575 then answer.outcome := memkeep.disclose(c, 1); end if;
  if answer.outcome = 'ok' and p_history then
    return query
      select null::text, 2::smallint, m.subject, null::bigint, m.id, m.version, m.sensitivity, m.trust, m.actor, m.kind,
        m.at_ms, m.created_ms, m.updated_ms, m.expires_ms, m.derived_from, m.epoch, m.content, m.details, null::bytea
      from memkeep.memory m where m.tenant = p_tenant and m.id = p_id and (m.expires_ms is null or m.expires_ms > c.at_ms)
        and (shelves is null or m.subject = any (shelves))
      union all
      select null, 2::smallint, v.subject, null, v.id, v.version, v.sensitivity, v.trust, v.actor, v.kind, v.at_ms, v.created_ms,
        v.updated_ms, v.expires_ms, v.derived_from, v.epoch, v.content, v.details, null
      from memkeep.memory_version v join memkeep.memory m
        on m.tenant = v.tenant and m.subject = v.subject and m.id = v.id
      where v.tenant = p_tenant and v.id = p_id and (m.expires_ms is null or m.expires_ms > c.at_ms)
        and (shelves is null or v.subject = any (shelves))
      order by 6 desc;
    get diagnostics number = row_count;
  elsif answer.outcome = 'ok' then
    return query
      select null::text, 2::smallint, m.subject, null::bigint, m.id, m.version, m.sensitivity, m.trust, m.actor, m.kind,
        m.at_ms, m.created_ms, m.updated_ms, m.expires_ms, m.derived_from, m.epoch, m.content, m.details, null::bytea
      from memkeep.memory m where m.tenant = p_tenant and m.id = p_id and (m.expires_ms is null or m.expires_ms > c.at_ms)
        and (shelves is null or m.subject = any (shelves));
    get diagnostics number = row_count;
  end if;
  if answer.outcome = 'ok' and number = 0 then answer.outcome := 'missing'; end if;
  ignored := memkeep.record(c, case when p_history then 'memory.history' else 'memory.get' end, answer.outcome, array[p_id],
    number, p_detail);
  return next answer;
end $$;
