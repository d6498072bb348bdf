-- owner: memkeep_door
-- callers: memkeep_app
-- twin: wide_list_events memkeep_wide_door

-- Events of the ledger in reach, newest ids first: before the id p_before, from p_since_ms up to and without p_until_ms, of
-- p_actions (null: any), that name the memory p_memory (null: any). Each with its place in the log and the key that its commitment
-- is under. Without a place (seq null) `unplaced` says why: waiting; pruned, as a read may be of a log whose leaves of reads went;
-- null: neither, it should have one. Needs the right `audit`, and `tenant` to reach every subject. One more row brings the outcome
-- (ok, denied, barred, epoch, policy, unknown).
-- An earlier build's answer had other columns, which a function that is only replaced cannot change.
drop function if exists memkeep.list_events(bytea, bytea, bigint, bigint, text[], uuid, integer, bytea);
drop function if exists memkeep.list_events(bytea, bytea, bigint, bigint, text[], uuid, integer, bytea, uuid);
create or replace function memkeep.list_events(p_tenant bytea, p_token bytea, p_since_ms bigint, p_until_ms bigint,
  p_actions text[], p_before uuid, p_limit integer, p_detail bytea, p_memory uuid default null)
returns table (outcome text, id uuid, action text, ended text, reach smallint, subject bytea, principal bytea, at_ms bigint,
  memories uuid[], affected integer, detail bytea, seq bigint, under smallint, key_epoch integer, key_version integer, entry bytea,
  line integer, unplaced text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'list_events');
  number integer := 0;
begin
  outcome := memkeep.admit_auditor(c);
  return next;
  if outcome = 'ok' then
    return query select null::text, e.id, e.action::text, e.outcome::text, e.reach, e.subject, e.principal, e.at_ms, e.memories,
      e.affected, e.detail, l.seq, l.under, l.key_epoch, l.key_version, l.entry, l.line,
      case when l.seq is not null then null when p.id is not null then 'waiting'
        when e.class = 0 and exists (select from memkeep.log g where g.tenant = p_tenant and g.min_index > 0) then 'pruned' end
      from (
        select * from memkeep.event o where o.tenant = p_tenant and o.id < p_before
          and o.at_ms >= p_since_ms and o.at_ms < p_until_ms
          and (c.reach = 2 or o.reach = c.reach and (c.reach = 0 or o.subject = c.shelf))
          and (p_actions is null or o.action = any (p_actions))
          and (p_memory is null or p_memory = any (o.memories))
        order by o.id desc limit least(p_limit, 1000)
      ) as e
      left join memkeep.log_entry l on l.tenant = p_tenant and l.event = e.id
      left join memkeep.pending p on p.tenant = p_tenant and p.id = e.id
      order by e.id desc;
    get diagnostics number = row_count;
  end if;
  perform memkeep.record(c, 'audit.list', outcome, '{}', number, p_detail);
end $$;
