-- owner: memkeep_door
-- callers: memkeep_app

-- Records that a process began to serve, and under which deployment policy (sealed in the detail): so a change of that
-- policy is in the ledger. The first argument is the deployment's own tag. Its success shows that tokens pass.
create or replace function memkeep.open_keep(p_tenant bytea, p_token bytea, p_detail bytea)
returns table (outcome text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'open_keep');
begin
  outcome := 'ok';
  perform memkeep.record(c, 'deployment.policy', outcome, '{}', 0, p_detail);
  return next;
end $$;
