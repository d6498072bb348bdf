-- owner: memkeep_wide_door
-- callers: memkeep_app

-- `export` of one shelf, for a tenant-wide reach.
-- Outcomes: ok, denied, barred, epoch, policy, unknown.
create or replace function memkeep.wide_export(p_tenant bytea, p_token bytea, p_subject bytea, p_after uuid, p_limit integer,
  p_detail bytea)
returns setof memkeep.reading
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'wide_export');
begin
  return query select * from memkeep.export_rows(c, p_subject, p_after, p_limit, p_detail);
end $$;
