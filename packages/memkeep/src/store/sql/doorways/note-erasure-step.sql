-- owner: memkeep_erase_door
-- callers: memkeep_app

-- Records what one step of an erasure did, with the kernel's MAC, or (p_ended_ms null) why it waits. What has ended is not changed, but for a step that bears the MAC p_instead: a
-- verification that is done anew, as its event is gone. The answer is the step as it stands. The event of a verification names the erasure: its attestation shows that leaf. Needs the right `erasing`. Outcomes: ok, denied, missing, conflict (it is done).
drop function if exists memkeep.note_erasure_step(bytea, bytea, uuid, text, bigint, boolean, text, bytea);
drop function if exists memkeep.note_erasure_step(bytea, bytea, uuid, text, bigint, bigint, text, bytea, bytea);
create or replace function memkeep.note_erasure_step(p_tenant bytea, p_token bytea, p_id uuid, p_step text,
  p_began_ms bigint, p_ended_ms bigint, p_notes text, p_mac bytea, p_instead bytea, p_detail bytea)
returns table (outcome text, began_ms bigint, ended_ms bigint, notes text, mac bytea)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'note_erasure_step');
  verified boolean := p_step = 'verify' and p_ended_ms is not null;
begin
  select t.outcome into note_erasure_step.outcome from memkeep.take_erasure(c, p_id) t;
  if outcome = 'ok' then
    select n.began_ms, n.ended_ms, n.notes, n.mac into began_ms, ended_ms, notes, mac
      from memkeep.note_step(c, p_id, p_step, p_began_ms, p_ended_ms, p_notes, p_mac, p_instead) n;
  end if;
  perform memkeep.record(c, case when verified then 'erasure.verified' else 'erasure.step' end, outcome,
    case when verified then array[p_id] else '{}' end, 0, p_detail);
  return next;
end $$;
