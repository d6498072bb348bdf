-- owner: memkeep_door
-- callers: memkeep_app memkeep_upkeep
-- twin: wide_prove_event memkeep_wide_door

-- What shows that one event is in the log: part 0 with its place, its leaf and the log's head, and (part 1) the tiles that
-- the audit path lies in. Needs the right `audit`, and `tenant` to reach every subject. Outcomes: ok, missing (no such event
-- in reach), pending (it has no place yet), denied, barred, epoch, policy, unknown.
create or replace function memkeep.prove_event(p_tenant bytea, p_token bytea, p_event uuid, p_detail bytea)
returns table (part smallint, outcome text, line integer, size bigint, seq bigint, entry bytea, note text, vkey text,
  level smallint, index bigint, hashes bytea)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'prove_event');
  life record;
  leaf record;
  head record;
begin
  part := 0;
  outcome := memkeep.admit_auditor(c);
  if outcome = 'ok' then
    -- One statement: between two it could get its place, and stand in neither.
    select e.line, e.seq, e.entry, p.id into leaf from (select p_event as id) o
      left join memkeep.log_entry e on e.tenant = p_tenant and e.event = o.id
      left join memkeep.pending p on p.tenant = p_tenant and p.id = o.id;
    if leaf.seq is null then outcome := case when leaf.id is null then 'missing' else 'pending' end; end if;
    -- Another subject's event, one from before the scope began anew and none are one answer.
    life := memkeep.audited_life(c);
    if (c.reach <> 2 or isfinite(life.from_at) or isfinite(life.until_at)) and not exists (select 1 from memkeep.event o
      where o.tenant = p_tenant and o.id = p_event and (c.reach = 2 or o.reach = c.reach and (c.reach = 0 or o.subject = c.shelf))
        and o.recorded_at >= life.from_at and o.recorded_at < life.until_at) then outcome := 'missing'; end if;
  end if;
  if outcome = 'ok' then
    select l.size, l.note, l.vkey into head from memkeep.log l where l.tenant = p_tenant and l.line = leaf.line;
    line := leaf.line;
    size := head.size;
    seq := leaf.seq;
    entry := leaf.entry;
    note := head.note;
    vkey := head.vkey;
    return next;
    part := 1;
    for l in 0 .. 6 loop
      exit when size >> (8 * l) = 0;
      level := l;
      index := seq >> (8 * l + 8);
      hashes := memkeep.tile_hashes(p_tenant, line, size, l, index);
      return next;
      continue when (size >> (8 * l)) % 256 = 0 or (size >> (8 * l + 8)) = index;
      index := size >> (8 * l + 8);
      hashes := memkeep.tile_hashes(p_tenant, line, size, l, index);
      return next;
    end loop;
    perform memkeep.record(c, case when c.rights & 8388608 = 0 then 'audit.proof' else 'ledger.proof' end, 'ok', '{}', 1, p_detail);
    return;
  end if;
  return next;
  perform memkeep.record(c, case when c.rights & 8388608 = 0 then 'audit.proof' else 'ledger.proof' end, outcome, '{}', 0, p_detail);
end $$;
