-- owner: memkeep_retain_door
-- callers: memkeep_upkeep

-- Empties one period of reads, of all tenants at once, when each event in it is older than p_before_ms and lies in the cold
-- tier: what waits for its place in a log does not, nor what stands there at or after the log's `archived`. It looks behind the
-- lock that keeps others from adding to it. The first argument is the deployment's own tag. Needs the right `upkeep`. Outcomes:
-- ok, denied, conflict (not all of it may go).
create or replace function memkeep.empty_reads(p_tenant bytea, p_token bytea, p_period smallint, p_before_ms bigint, p_detail bytea)
returns table (outcome text, emptied bigint)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'empty_reads');
begin
  emptied := 0;
  outcome := case when c.rights & 16384 = 0 or p_period not between 0 and 15 then 'denied' else 'ok' end;
  if outcome = 'ok' then
    -- Whoever holds it up is not held up in turn: the next pass tries again.
    perform set_config('lock_timeout', '5s', true);
    if p_period = 0 then lock table memkeep.event_read_00 in access exclusive mode;
    elsif p_period = 1 then lock table memkeep.event_read_01 in access exclusive mode;
    elsif p_period = 2 then lock table memkeep.event_read_02 in access exclusive mode;
    elsif p_period = 3 then lock table memkeep.event_read_03 in access exclusive mode;
    elsif p_period = 4 then lock table memkeep.event_read_04 in access exclusive mode;
    elsif p_period = 5 then lock table memkeep.event_read_05 in access exclusive mode;
    elsif p_period = 6 then lock table memkeep.event_read_06 in access exclusive mode;
    elsif p_period = 7 then lock table memkeep.event_read_07 in access exclusive mode;
    elsif p_period = 8 then lock table memkeep.event_read_08 in access exclusive mode;
    elsif p_period = 9 then lock table memkeep.event_read_09 in access exclusive mode;
    elsif p_period = 10 then lock table memkeep.event_read_10 in access exclusive mode;
    elsif p_period = 11 then lock table memkeep.event_read_11 in access exclusive mode;
    elsif p_period = 12 then lock table memkeep.event_read_12 in access exclusive mode;
    elsif p_period = 13 then lock table memkeep.event_read_13 in access exclusive mode;
    elsif p_period = 14 then lock table memkeep.event_read_14 in access exclusive mode;
    elsif p_period = 15 then lock table memkeep.event_read_15 in access exclusive mode;
    end if;
    select count(*) into emptied from memkeep.event e
      where e.tenant >= ''::bytea and e.class = 0 and e.period = p_period;
    perform 1 from memkeep.event e
      where e.tenant >= ''::bytea and e.class = 0 and e.period = p_period and (e.at_ms >= p_before_ms
        or exists (select from memkeep.pending p where p.tenant = e.tenant and p.id = e.id)
        or exists (select from memkeep.log_entry k join memkeep.log l on l.tenant = k.tenant and l.line = k.line
          where k.tenant = e.tenant and k.event = e.id and k.seq >= l.archived))
      limit 1;
    if found then outcome := 'conflict'; end if;
  end if;
  if outcome = 'ok' then
    if p_period = 0 then truncate memkeep.event_read_00;
    elsif p_period = 1 then truncate memkeep.event_read_01;
    elsif p_period = 2 then truncate memkeep.event_read_02;
    elsif p_period = 3 then truncate memkeep.event_read_03;
    elsif p_period = 4 then truncate memkeep.event_read_04;
    elsif p_period = 5 then truncate memkeep.event_read_05;
    elsif p_period = 6 then truncate memkeep.event_read_06;
    elsif p_period = 7 then truncate memkeep.event_read_07;
    elsif p_period = 8 then truncate memkeep.event_read_08;
    elsif p_period = 9 then truncate memkeep.event_read_09;
    elsif p_period = 10 then truncate memkeep.event_read_10;
    elsif p_period = 11 then truncate memkeep.event_read_11;
    elsif p_period = 12 then truncate memkeep.event_read_12;
    elsif p_period = 13 then truncate memkeep.event_read_13;
    elsif p_period = 14 then truncate memkeep.event_read_14;
    elsif p_period = 15 then truncate memkeep.event_read_15;
    end if;
  end if;
  perform memkeep.record(c, 'upkeep.empty', outcome, '{}', least(emptied, 2147483647)::integer, p_detail);
  return next;
end $$;
