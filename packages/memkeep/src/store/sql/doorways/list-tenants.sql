-- owner: memkeep_upkeep_door
-- callers: memkeep_app

-- Tenants of the deployment in the order of their tags, after the given one. The first argument is the deployment's own
-- tag. Needs the right `tenants`. One more row brings the outcome (ok, denied).
create or replace function memkeep.list_tenants(p_tenant bytea, p_token bytea, p_after bytea, p_limit integer,
  p_detail bytea)
returns table (outcome text, tenant bytea, state smallint, epoch integer, name bytea, created_ms bigint)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'list_tenants');
  number integer := 0;
begin
  outcome := case when c.rights & 8192 = 0 then 'denied' else 'ok' end;
  return next;
  if outcome = 'ok' then
    return query select null::text, t.tenant, t.state, t.epoch, t.name, t.created_ms from memkeep.tenant t
      where t.tenant > p_after order by t.tenant limit least(p_limit, 1000);
    get diagnostics number = row_count;
  end if;
  perform memkeep.record(c, 'tenant.list', outcome, '{}', number, p_detail);
end $$;
