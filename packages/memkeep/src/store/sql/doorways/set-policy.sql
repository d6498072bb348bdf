-- owner: memkeep_door
-- callers: memkeep_app

-- Replaces a tenant's sealed policy ("none of its own" is sealed as well, bound to its version like any other). From this commit on no token minted under the old one passes.
-- Needs the right `tenants` or `policy`. Outcomes: ok, conflict (another version stands), denied, barred, unknown.
create or replace function memkeep.set_policy(p_tenant bytea, p_token bytea, p_policy bytea, p_expected integer,
  p_detail bytea)
returns table (outcome text, policy_version integer)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'set_policy');
  t memkeep.tenant;
begin
  select * into t from memkeep.tenant where tenant = p_tenant for update;
  outcome := case when c.rights & (8192 | 1024) = 0 then 'denied' when not found then 'unknown'
    when t.state <> 0 then 'barred' when t.policy_version <> p_expected then 'conflict' else 'ok' end;
  if outcome = 'ok' then
    policy_version := p_expected + 1;
    update memkeep.tenant set policy = p_policy, policy_version = p_expected + 1 where tenant = p_tenant;
  end if;
  perform memkeep.record(c, 'tenant.policy', outcome, '{}', case when outcome = 'ok' then 1 else 0 end, p_detail);
  return next;
end $$;
