-- owner: memkeep_erase_door
-- callers: memkeep_app

-- Records what one step of an erasure did, or (p_ended false) why it waits. What has ended is not changed. Needs the right
-- `erasing`. Outcomes: ok, denied, missing, conflict (it is done).
create or replace function memkeep.note_erasure_step(p_tenant bytea, p_token bytea, p_id uuid, p_step text,
  p_began_ms bigint, p_ended boolean, p_notes text, p_detail bytea)
returns table (outcome text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'note_erasure_step');
begin
  select t.outcome into note_erasure_step.outcome from memkeep.take_erasure(c, p_id) t;
  if outcome = 'ok' then
    perform memkeep.note_step(c, p_id, p_step, p_began_ms, p_ended, p_notes);
    update memkeep.erasure e set held_until_ms = c.at_ms + 60000 where e.tenant = p_tenant and e.id = p_id;
  end if;
  perform memkeep.record(c, case when p_step = 'verify' and p_ended then 'erasure.verified' else 'erasure.step' end, outcome, '{}', 0, p_detail);
  return next;
end $$;
