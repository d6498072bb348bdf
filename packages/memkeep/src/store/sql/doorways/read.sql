-- owner: memkeep_door
-- callers: memkeep_app

-- One memory by its id, with its earlier versions when p_history (newest first). A foreign id and a missing one answer
-- alike. One row a version, and one with the outcome (ok, missing, denied, barred, epoch, policy, unknown).
create or replace function memkeep.read(p_tenant bytea, p_token bytea, p_id uuid, p_history boolean, p_detail bytea)
returns setof memkeep.reading
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'read');
begin
  return query select * from memkeep.read_rows(c, p_id, p_history, p_detail);
end $$;
