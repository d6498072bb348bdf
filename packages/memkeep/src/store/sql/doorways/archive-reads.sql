-- owner: memkeep_retain_door
-- callers: memkeep_upkeep

-- Says that the reads of one log below p_to lie in the cold tier, those below p_from having been said before. That their leaves
-- below the last multiple of 256 go is said in an event, as far as one can say so (2^31). They go once it stands in this very log (`prune_log`):
-- it is what allows a bundle without its first entries, and may come into another log, when a rollback is accepted meanwhile. The first argument is the log's tenant. Needs the right `upkeep`. Outcomes:
-- ok, denied, conflict (somebody else was faster, or the log is not that long).
create or replace function memkeep.archive_reads(p_tenant bytea, p_token bytea, p_line integer, p_from bigint, p_to bigint,
  p_detail bytea)
returns table (outcome text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'archive_reads');
  now_pruned bigint := least(p_to / 256 * 256, 2147483392);
begin
  outcome := case when c.rights & 16384 = 0 or p_from >= p_to then 'denied' else 'ok' end;
  if outcome = 'ok' then
    perform 1 from memkeep.log l
      where l.tenant = p_tenant and l.line = p_line and l.archived = p_from and l.size >= p_to for update;
    if not found then outcome := 'conflict'; end if;
  end if;
  -- What is pruned is said in the log that it is pruned from: one that ended stays whole.
  if outcome = 'ok' and exists (select 1 from memkeep.log l where l.tenant = p_tenant and l.line > p_line) then now_pruned := 0; end if;
  if outcome = 'ok' then
    update memkeep.log l set archived = p_to, pruning = case when now_pruned > p_from then c.event else l.pruning end
      where l.tenant = p_tenant and l.line = p_line;
  end if;
  perform memkeep.record(c, case when outcome = 'ok' and now_pruned > p_from then 'audit.prune' else 'audit.archive' end, outcome,
    '{}', case when outcome = 'ok' then now_pruned else 0 end::integer, p_detail);
  return next;
end $$;
