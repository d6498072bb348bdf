-- owner: memkeep_retain_door
-- callers: memkeep_upkeep

-- The oldest period of reads that ended before p_before_ms, is not empty and could be emptied, and the logs whose reads in it do not
-- lie in the cold tier yet: a read that is younger (of a clock that was ahead) or waits for its place in a log holds up its own period,
-- and no other. The logs: those from `first` (what was put away ends there) up to and without `past`. None left: the period can be
-- emptied. No period: nothing is due. The first argument is the deployment's own tag. Needs the right `upkeep`. The first row brings
-- the outcome (ok, denied) and the period. Rows without `past`: logs whose leaves of reads may go by now (`prune_log`).
create or replace function memkeep.due_reads(p_tenant bytea, p_token bytea, p_before_ms bigint, p_limit integer, p_detail bytea)
returns table (outcome text, period smallint, tenant bytea, line integer, first bigint, past bigint)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'due_reads');
  newest bigint := c.at_ms / 2592000000;
begin
  outcome := case when c.rights & 16384 = 0 then 'denied' else 'ok' end;
  if outcome <> 'ok' then
    perform memkeep.record(c, 'upkeep.due', outcome, '{}', 0, p_detail);
    return next;
    return;
  end if;
  for back in reverse 15 .. 1 loop
    continue when newest < back or (newest - back + 1) * 2592000000 > p_before_ms;
    period := (newest - back) % 16;
    perform 1 from memkeep.event e where e.tenant >= ''::bytea and e.class = 0 and e.period = due_reads.period limit 1;
    if found then
      perform 1 from memkeep.event e
        where e.tenant >= ''::bytea and e.class = 0 and e.period = due_reads.period and (e.at_ms >= p_before_ms
          or exists (select from memkeep.pending p where p.tenant = e.tenant and p.id = e.id))
        limit 1;
      exit when not found;
    end if;
    period := null;
  end loop;
  return next;
  return query select null::text, null::smallint, l.tenant, l.line, l.min_index, null::bigint from memkeep.log l
    where l.tenant >= ''::bytea and l.pruning is not null
      and exists (select from memkeep.log_entry k where k.tenant = l.tenant and k.line = l.line and k.event = l.pruning)
    limit least(p_limit, 10000);
  if period is not null then
    return query select null::text, null::smallint, l.tenant, l.line, l.archived, max(k.seq) + 1
      from memkeep.event e
      join memkeep.log_entry k on k.tenant = e.tenant and k.event = e.id
      join memkeep.log l on l.tenant = k.tenant and l.line = k.line and k.seq >= l.archived
      where e.tenant >= ''::bytea and e.class = 0 and e.period = due_reads.period
      group by l.tenant, l.line, l.archived order by l.tenant limit least(p_limit, 10000);
  end if;
  perform set_config('memkeep.claims', '', true);
end $$;
