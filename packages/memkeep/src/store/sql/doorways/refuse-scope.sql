-- owner: memkeep_door
-- callers: memkeep_app

-- Records that a door refused a call of this principal because it named whose memories it means. Always denied.
create or replace function memkeep.refuse_scope(p_tenant bytea, p_token bytea, p_detail bytea)
returns table (outcome text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'refuse_scope');
begin
  outcome := 'denied';
  perform memkeep.record(c, 'scope.smuggling', outcome, '{}', 0, p_detail);
  return next;
end $$;
