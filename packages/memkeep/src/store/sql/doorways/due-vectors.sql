-- owner: memkeep_upkeep_door
-- callers: memkeep_upkeep

-- Shelves with memories whose vectors are still to come, after the given one in the order (tenant, subject); `waits` says since which
-- version. The first argument is the deployment's own tag. Needs the right `upkeep`. One more row brings the outcome (ok, denied).
create or replace function memkeep.due_vectors(p_tenant bytea, p_token bytea, p_after_tenant bytea, p_after_subject bytea, p_limit integer,
  p_detail bytea)
returns table (outcome text, tenant bytea, subject bytea, tenant_epoch integer, shelf_epoch integer, waits bigint)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'due_vectors');
  number integer := 0;
begin
  outcome := case when c.rights & 16384 = 0 then 'denied' else 'ok' end;
  return next;
  if outcome = 'ok' then
    return query select null::text, s.tenant, s.subject, t.epoch, s.epoch, s.waits from memkeep.shelf s
      join memkeep.tenant t on t.tenant = s.tenant
      where s.state = 0 and t.state = 0 and s.waits is not null and (s.tenant, s.subject) > (p_after_tenant, p_after_subject)
      order by s.tenant, s.subject limit least(p_limit, 1000);
    get diagnostics number = row_count;
  end if;
  -- As in due_shelves: a look that found nothing told nothing.
  if outcome = 'ok' and number = 0 then
    perform set_config('memkeep.claims', '', true);
  else
    perform memkeep.record(c, 'upkeep.due', outcome, '{}', number, p_detail);
  end if;
end $$;
