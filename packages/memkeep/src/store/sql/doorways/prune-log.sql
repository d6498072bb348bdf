-- owner: memkeep_retain_door
-- callers: memkeep_upkeep

-- Takes the leaves of reads out of one log, as far as an event that has its place in this very log says; the hashes stay, so every
-- proof can still be made. The first leaf stays in any case: it says whether the log goes on from another. The first argument is the
-- log's tenant. Needs the right `upkeep`. Outcomes: ok, denied, conflict (somebody else was faster, or no event there says so yet).
create or replace function memkeep.prune_log(p_tenant bytea, p_token bytea, p_line integer, p_detail bytea)
returns table (outcome text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'prune_log');
  said uuid;
  pruned bigint;
  now_pruned bigint;
  gone integer := 0;
begin
  outcome := case when c.rights & 16384 = 0 then 'denied' else 'ok' end;
  if outcome = 'ok' then
    select l.pruning, l.min_index into said, pruned from memkeep.log l where l.tenant = p_tenant and l.line = p_line for update;
    select e.affected into now_pruned from memkeep.event e join memkeep.log_entry k on k.tenant = e.tenant and k.event = e.id
      where e.tenant = p_tenant and e.id = said and e.class = 2 and e.action = 'audit.prune' and k.line = p_line;
    if not found then outcome := 'conflict'; end if;
  end if;
  if outcome = 'ok' then
    update memkeep.log l set pruning = null, min_index = greatest(pruned, now_pruned)
      where l.tenant = p_tenant and l.line = p_line;
    delete from memkeep.log_entry k
      where k.tenant = p_tenant and k.line = p_line and k.seq >= greatest(pruned, 1) and k.seq < now_pruned and k.class = 0;
    get diagnostics gone = row_count;
  end if;
  perform memkeep.record(c, 'upkeep.prune', outcome, '{}', gone, p_detail);
  return next;
end $$;
