-- owner: memkeep_door
-- callers: memkeep_app

-- Episodes of one shelf that are due to be distilled, expired or not (part 2, with their entries), and part 0. Needs the right `upkeep` (16384).
-- Outcomes: ok, denied, barred, epoch.
create or replace function memkeep.episodes(p_tenant bytea, p_token bytea, p_limit integer, p_detail bytea)
returns setof memkeep.reading
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'episodes');
  answer memkeep.reading;
  number integer := 0;
begin
  answer.part := 0;
  answer.outcome := case when c.rights & 16384 = 0 or c.reach = 2 then 'denied' else 'ok' end;
  if answer.outcome = 'ok' then
    return query
      select null::text, 2::smallint, m.subject, null::bigint, m.id, m.version, m.sensitivity, m.trust, m.actor, m.kind, m.at_ms, m.created_ms,
        m.updated_ms, m.expires_ms, m.derived_from, m.epoch, m.content, m.details, m.entry
      from memkeep.undistilled u join memkeep.memory m on m.tenant = p_tenant and m.subject = c.shelf and m.id = u.id
      where u.tenant = p_tenant and u.subject = c.shelf and u.due_ms <= c.at_ms
      order by u.id limit least(p_limit, 1000);
    get diagnostics number = row_count;
  end if;
  -- A look that found nothing told nothing.
  if answer.outcome = 'ok' and number = 0 then
    perform set_config('memkeep.claims', '', true);
  else
    perform memkeep.record(c, 'memory.distil', answer.outcome, '{}', number, p_detail);
  end if;
  return next answer;
end $$;
