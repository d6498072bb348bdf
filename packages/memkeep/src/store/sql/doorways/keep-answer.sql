-- owner: memkeep_door
-- callers: memkeep_app

-- Keeps the answer of the call that took this idempotency key for a day, sealed under the shelf's key of p_epoch. Outcomes: ok, missing (it has one, or
-- the scope was erased meanwhile).
create or replace function memkeep.keep_answer(p_tenant bytea, p_token bytea, p_key bytea, p_answer bytea, p_epoch integer, p_detail bytea)
returns table (outcome text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'keep_answer');
begin
  update memkeep.answer a set answer = p_answer, epoch = p_epoch, until_ms = c.at_ms + 86400000
    where a.tenant = p_tenant and a.subject = c.shelf and a.principal = c.principal and a.key = p_key and a.answer is null;
  outcome := case when found then 'ok' else 'missing' end;
  perform memkeep.record(c, 'answer.keep', outcome, '{}', 0, p_detail);
  return next;
end $$;
