-- owner: memkeep_wide_door
-- callers: memkeep_app

-- Records that keys are to be rotated, before they are: those of the deployment (reach common), or of a tenant (reach all), whose open shelves after
-- p_after it then tells, in the order of their tags. Needs the right `rotate`. One more row brings the outcome (ok, denied, barred, epoch,
-- unknown).
create or replace function memkeep.rotating(p_tenant bytea, p_token bytea, p_after bytea, p_limit integer, p_detail bytea)
returns table (outcome text, subject bytea)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'rotating');
  number integer := 0;
begin
  outcome := case when c.rights & 1048576 = 0 or c.reach = 1 then 'denied' when c.reach = 0 then 'ok' else coalesce((
    select case when t.state <> 0 then 'barred' when t.epoch <> c.tenant_epoch then 'epoch' else 'ok' end
    from memkeep.tenant t where t.tenant = p_tenant), 'unknown') end;
  return next;
  if outcome = 'ok' and c.reach = 2 then
    return query select null::text, s.subject from memkeep.shelf s
      where s.tenant = p_tenant and s.state = 0 and s.subject > p_after order by s.subject limit least(p_limit, 10000);
    get diagnostics number = row_count;
  end if;
  perform memkeep.record(c, 'key.rotate', outcome, '{}', number, p_detail);
end $$;
