-- owner: memkeep_wide_door
-- callers: memkeep_app memkeep_upkeep

-- Parts of one log of a tenant as it stood at p_size: its checkpoints up to there (part 1, when p_checkpoints), the tiles
-- asked for (part 2; p_levels and p_indices in pairs), the entries from p_from up to and without p_to (part 3). Needs the
-- rights `audit` and `tenant`, and the reach of every subject; a log with leaves from before the tenant began anew is denied. One more row (part 0) brings the outcome (ok, denied, barred,
-- epoch, policy, unknown).
create or replace function memkeep.read_log(p_tenant bytea, p_token bytea, p_line integer, p_size bigint, p_checkpoints boolean,
  p_levels smallint[], p_indices bigint[], p_from bigint, p_to bigint, p_detail bytea)
returns table (part smallint, outcome text, at bigint, note text, level smallint, hashes bytea, event uuid, entry bytea)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'read_log');
  number integer := 0;
begin
  part := 0;
  outcome := case when c.reach <> 2 then 'denied' else memkeep.admit_auditor(c) end;
  if outcome = 'ok' and p_line <= (memkeep.audited_life(c)).former_line then outcome := 'denied'; end if;
  return next;
  if outcome = 'ok' then
    if p_checkpoints then
      return query select 1::smallint, null::text, k.size, k.note, null::smallint, null::bytea, null::uuid, null::bytea
        from memkeep.checkpoint k where k.tenant = p_tenant and k.line = p_line and k.size <= p_size order by k.size;
    end if;
    return query select 2::smallint, null::text, t.index, null::text, t.level,
      memkeep.tile_hashes(p_tenant, p_line, p_size, t.level, t.index), null::uuid, null::bytea
      from unnest(p_levels, p_indices) as t (level, index);
    return query select 3::smallint, null::text, e.seq, null::text, null::smallint, null::bytea, e.event, e.entry
      from memkeep.log_entry e where e.tenant = p_tenant and e.line = p_line and e.seq >= p_from and e.seq < p_to
        and e.seq < p_size order by e.seq limit 4096;
    get diagnostics number = row_count;
  end if;
  -- Whoever keeps the log reads its hashes all the time, and each event would be one more to read.
  if c.rights & 16384 <> 0 and outcome = 'ok' then
    perform set_config('memkeep.claims', '', true);
  else
    perform memkeep.record(c, case when c.rights & 8388608 = 0 then 'audit.export' else 'ledger.export' end, outcome, '{}', number, p_detail);
  end if;
end $$;
