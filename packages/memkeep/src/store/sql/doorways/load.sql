-- owner: memkeep_door
-- callers: memkeep_app

-- One page of a shelf's sealed entries, in the order (shelf_version, id) after the given cursor.
-- One more row brings the outcome and the shelf's version when this page was read (0 when there is no such shelf).
-- Outcomes: ok, denied, barred, epoch, policy, unknown.
create or replace function memkeep.load(p_tenant bytea, p_token bytea, p_subject bytea, p_after_version bigint,
  p_after_id uuid, p_limit integer, p_detail bytea)
returns setof memkeep.reading
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'load');
begin
  return query select * from memkeep.load_rows(c, p_subject, p_after_version, p_after_id, p_limit, p_detail);
end $$;
