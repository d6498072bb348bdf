-- owner: memkeep_retain_door
-- callers: memkeep_upkeep

-- A run of one log, for the cold tier: the leaves from p_from up to and without p_to (at most 65,536), and of each read its
-- event. The first argument is the log's tenant. Needs the right `upkeep`. One more row, the last, brings the outcome: ok,
-- denied, or conflict when somebody else has put the run away, and its events may be gone. It looks at that after it has read
-- them: they go only once it is said that they lie in the cold tier.
create or replace function memkeep.cold_events(p_tenant bytea, p_token bytea, p_line integer, p_from bigint, p_to bigint,
  p_detail bytea)
returns table (outcome text, seq bigint, entry bytea, id uuid, ended text, reach smallint, subject bytea, epoch integer,
  principal bytea, at_ms bigint, recorded_at text, memories uuid[], affected integer, detail bytea, under smallint,
  key_epoch integer, key_version integer)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'cold_events');
begin
  outcome := case when c.rights & 16384 = 0 then 'denied' else 'ok' end;
  if outcome <> 'ok' then
    perform memkeep.record(c, 'audit.archive', outcome, '{}', 0, p_detail);
    return next;
    return;
  end if;
  return query select null::text, k.seq, k.entry, e.id, e.outcome::text, e.reach, e.subject, e.epoch, e.principal, e.at_ms,
      to_char(e.recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), e.memories, e.affected, e.detail, k.under,
      k.key_epoch, k.key_version
    from memkeep.log_entry k
    left join memkeep.event e on e.tenant = k.tenant and e.id = k.event and e.class = 0 and k.class = 0
    where k.tenant = p_tenant and k.line = p_line and k.seq >= p_from and k.seq < least(p_to, p_from + 65536)
    order by k.seq;
  perform 1 from memkeep.log l where l.tenant = p_tenant and l.line = p_line and l.archived = p_from;
  if not found then outcome := 'conflict'; end if;
  return next;
  perform set_config('memkeep.claims', '', true);
end $$;
