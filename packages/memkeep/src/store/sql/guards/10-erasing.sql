-- owner: memkeep_owner
-- callers: memkeep_erase_door

-- Whether a legal hold stands on what the token reaches: on the tenant as a whole, on its subject, or (for the tenant) on any
-- subject.
create or replace function memkeep.is_held(c memkeep.claims) returns boolean language plpgsql stable
set search_path = pg_catalog, pg_temp as $$
begin
  if c.reach = 2 then
    return exists (select from memkeep.hold h where h.tenant = c.tenant and h.released_ms is null);
  end if;
  return exists (select from memkeep.hold h where h.tenant = c.tenant and h.released_ms is null
    and h.subject in (c.shelf, '\x00000000000000000000000000000000'));
end $$;

-- Takes the row of the erasure that a step of it is about. 'ok', 'done' is not said: a step of a finished erasure is 'conflict'.
create or replace function memkeep.take_erasure(c memkeep.claims, p_id uuid, out outcome text, out e memkeep.erasure)
language plpgsql volatile
set search_path = pg_catalog, pg_temp as $$
begin
  if c.rights & 65536 = 0 then
    outcome := 'denied';
    return;
  end if;
  select * into e from memkeep.erasure w where w.tenant = c.tenant and w.id = p_id and w.subject = c.shelf
    and w.kind = case c.reach when 2 then 1 else 0 end for update;
  outcome := case when not found then 'missing' when e.state <> 0 then 'conflict' else 'ok' end;
end $$;

-- Writes what a step did and when it ended, with the kernel's MAC over both, or (p_ended_ms null) why it waits, and lets nobody take the erasure for a minute. What
-- ended stays ended, but for the step that bears the MAC p_instead, whose place this one takes: the answer is the step as it stands. Whoever calls lets none end before the request or the barrier: the clocks of processes differ.
drop function if exists memkeep.note_step(memkeep.claims, uuid, text, bigint, boolean, text);
drop function if exists memkeep.note_step(memkeep.claims, uuid, text, bigint, bigint, text, bytea);
create or replace function memkeep.note_step(c memkeep.claims, p_id uuid, p_step text, p_began_ms bigint, p_ended_ms bigint,
  p_notes text, p_mac bytea, p_instead bytea default null, out began_ms bigint, out ended_ms bigint, out notes text, out mac bytea) language plpgsql volatile
set search_path = pg_catalog, pg_temp as $$
begin
  insert into memkeep.erasure_step as w (tenant, erasure, step, began_ms, ended_ms, notes, mac)
  values (c.tenant, p_id, p_step, p_began_ms, p_ended_ms, p_notes, p_mac)
  on conflict (tenant, erasure, step) do update set
    ended_ms = case when w.ended_ms is null or w.mac = p_instead then excluded.ended_ms else w.ended_ms end,
    notes = case when w.ended_ms is null or w.mac = p_instead then excluded.notes else w.notes end,
    mac = case when w.ended_ms is null or w.mac = p_instead then excluded.mac else w.mac end
  returning w.began_ms, w.ended_ms, w.notes, w.mac into note_step.began_ms, note_step.ended_ms, note_step.notes, note_step.mac;
  update memkeep.erasure e set held_until_ms = c.at_ms + 60000 where e.tenant = c.tenant and e.id = p_id;
end $$;
