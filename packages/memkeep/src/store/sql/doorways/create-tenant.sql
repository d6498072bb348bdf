-- owner: memkeep_door
-- callers: memkeep_app

-- Records a tenant under the epoch its keys were made for. Needs the right `tenants`.
-- Outcomes: ok, exists, barred, denied.
create or replace function memkeep.create_tenant(p_tenant bytea, p_token bytea, p_name bytea, p_detail bytea)
returns table (outcome text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'create_tenant');
  standing smallint;
begin
  outcome := case when c.rights & 8192 = 0 then 'denied' else 'ok' end;
  if outcome = 'ok' then
    insert into memkeep.tenant (tenant, epoch, state, name, created_ms)
      values (p_tenant, c.tenant_epoch, 0, p_name, c.at_ms) on conflict do nothing;
    if not found then
      select state into standing from memkeep.tenant where tenant = p_tenant;
      outcome := case when standing = 0 then 'exists' else 'barred' end;
    end if;
  end if;
  perform memkeep.record(c, 'tenant.create', outcome, '{}', case when outcome = 'ok' then 1 else 0 end, p_detail);
  return next;
end $$;
