-- owner: memkeep_door
-- callers: memkeep_app

-- The memories that a search or a list chose, if the shelves it ranked by are current (see guards/08-recall-rows.sql).
-- p_action: memory.search or memory.list. Outcomes: ok, stale, denied, barred, epoch, policy, unknown.
create or replace function memkeep.recall(p_tenant bytea, p_token bytea, p_action text, p_subjects bytea[],
  p_versions bigint[], p_exact boolean, p_ids uuid[], p_shelves bytea[],
  p_detail bytea)
returns setof memkeep.reading
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'recall');
begin
  return query select * from memkeep.recall_rows(c, p_action, p_subjects, p_versions, p_exact, p_ids, p_shelves, p_detail);
end $$;
