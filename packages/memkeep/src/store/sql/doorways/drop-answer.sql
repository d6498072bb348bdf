-- owner: memkeep_door
-- callers: memkeep_app

-- Gives an idempotency key back whose call was refused, with nothing done. Outcomes: ok, missing.
create or replace function memkeep.drop_answer(p_tenant bytea, p_token bytea, p_key bytea, p_detail bytea)
returns table (outcome text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'drop_answer');
begin
  delete from memkeep.answer a
    where a.tenant = p_tenant and a.subject = c.shelf and a.principal = c.principal and a.key = p_key and a.answer is null;
  outcome := case when found then 'ok' else 'missing' end;
  perform memkeep.record(c, 'answer.drop', outcome, '{}', 0, p_detail);
  return next;
end $$;
