-- owner: memkeep_upkeep_door
-- callers: memkeep_owner

-- Begins line p_line of all logs, since a database that was set back is accepted: from here on nothing is put into any other.
-- The deployment's log (p_log, its tag) begins at once, with one leaf that names the head which was witnessed; a tenant's begins
-- with its next event. No login may call it: an administrator does, as memkeep_owner. The first argument is the deployment's own tag.
-- Needs the right `upkeep`. Outcomes: ok, denied, conflict (that line, or a later one, was begun).
create or replace function memkeep.begin_line(p_tenant bytea, p_token bytea, p_line integer, p_log bytea, p_vkey text, p_note text,
  p_entry bytea, p_detail bytea)
returns table (outcome text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'begin_line');
begin
  outcome := case when c.rights & 16384 = 0 or p_line < 2 then 'denied' else 'ok' end;
  if outcome = 'ok' and exists (select 1 from memkeep.log l where l.tenant >= ''::bytea and l.line >= p_line) then
    outcome := 'conflict';
  end if;
  if outcome = 'ok' then
    insert into memkeep.log_line as l (tenant, line) values (p_tenant, p_line)
      on conflict (tenant) do update set line = p_line where l.line < p_line;
    if not found then outcome := 'conflict'; end if;
  end if;
  if outcome = 'ok' then
    -- Whoever appends to a log holds its row: those before this are done, and those after it see the new line.
    perform 1 from memkeep.log l where l.tenant >= ''::bytea order by l.tenant, l.line for update;
    insert into memkeep.log (tenant, line, size, vkey, signed_ms, note) values (p_log, p_line, 1, p_vkey, c.at_ms, p_note);
    insert into memkeep.checkpoint (tenant, line, size, signed_ms, note) values (p_log, p_line, 1, c.at_ms, p_note);
    insert into memkeep.log_entry (tenant, line, seq, event, class, entry) values (p_log, p_line, 0, null, 2, p_entry);
  end if;
  perform memkeep.record(c, 'ledger.accept-rollback', outcome, '{}', case when outcome = 'ok' then p_line else 0 end, p_detail);
  return next;
end $$;
