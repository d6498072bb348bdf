-- owner: memkeep_door
-- callers: memkeep_app

-- The tenant's state as the kernel needs it to mint tokens: epoch, policy version and sealed policy.
-- Outcomes: ok, barred, unknown.
create or replace function memkeep.enter(p_tenant bytea, p_token bytea, p_detail bytea)
returns table (outcome text, epoch integer, policy_version integer, policy bytea)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'enter');
  t memkeep.tenant;
begin
  select * into t from memkeep.tenant where tenant = p_tenant;
  outcome := case when not found then 'unknown' when t.state <> 0 then 'barred' else 'ok' end;
  if outcome = 'ok' then
    epoch := t.epoch;
    policy_version := t.policy_version;
    policy := t.policy;
  end if;
  perform memkeep.record(c, 'tenant.enter', outcome, '{}', 0, p_detail);
  return next;
end $$;
