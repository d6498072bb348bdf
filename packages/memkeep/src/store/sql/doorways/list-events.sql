-- owner: memkeep_door
-- callers: memkeep_app
-- twin: wide_list_events memkeep_wide_door

-- Events of the ledger in reach, newest ids first: before the id p_before, from p_since_ms up to and without p_until_ms, of
-- p_actions (null: any), that name the memory p_memory (null: any); none from before the scope began anew (guards/09-log.sql). Each with its place in the log and the key that its commitment
-- is under. Without a place (seq null) `unplaced` says why: waiting; pruned, as a read may be of a log whose leaves of reads went;
-- null: neither, it should have one. These are part 0. With p_proved the signed heads of their logs come too (part 1), and the tiles that
-- hold their leaves up to these heads (part 2). Needs the right `audit`, and `tenant` to reach every subject. One more row brings the outcome
-- (ok, denied, barred, epoch, policy, unknown).
-- An earlier build's answer had other columns, which a function that is only replaced cannot change.
drop function if exists memkeep.list_events(bytea, bytea, bigint, bigint, text[], uuid, integer, bytea);
drop function if exists memkeep.list_events(bytea, bytea, bigint, bigint, text[], uuid, integer, bytea, uuid);
drop function if exists memkeep.list_events(bytea, bytea, bigint, bigint, text[], uuid, integer, bytea, uuid, boolean);
create or replace function memkeep.list_events(p_tenant bytea, p_token bytea, p_since_ms bigint, p_until_ms bigint,
  p_actions text[], p_before uuid, p_limit integer, p_detail bytea, p_memory uuid default null,
  p_proved boolean default false)
returns table (outcome text, id uuid, action text, ended text, reach smallint, subject bytea, principal bytea, at_ms bigint,
  memories uuid[], affected integer, detail bytea, seq bigint, under smallint, key_epoch integer, key_version integer, entry bytea,
  line integer, unplaced text, part smallint, size bigint, note text, level smallint, index bigint, hashes bytea)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'list_events');
  ended_with text := memkeep.admit_auditor(c);
  life record;
  number integer := 0;
  lines integer[] := '{}';
  seqs bigint[] := '{}';
  head record;
begin
  outcome := ended_with;
  part := 0;
  return next;
  if ended_with = 'ok' then
    outcome := null;
    life := memkeep.audited_life(c);
    for id, action, ended, reach, subject, principal, at_ms, memories, affected, detail, seq, under, key_epoch, key_version, entry, line, unplaced in
      select e.id, e.action::text, e.outcome::text, e.reach, e.subject, e.principal, e.at_ms, e.memories,
        e.affected, e.detail, l.seq, l.under, l.key_epoch, l.key_version, l.entry, l.line,
        case when l.seq is not null then null when p.id is not null then 'waiting'
          when e.class = 0 and exists (select from memkeep.log g where g.tenant = p_tenant and g.min_index > 0) then 'pruned' end
      from (
        select * from memkeep.event o where o.tenant = p_tenant and o.id < p_before
          and o.at_ms >= p_since_ms and o.at_ms < p_until_ms
          and (c.reach = 2 or o.reach = c.reach and (c.reach = 0 or o.subject = c.shelf))
          and o.recorded_at >= life.from_at and o.recorded_at < life.until_at
          and (p_actions is null or o.action = any (p_actions))
          and (p_memory is null or p_memory = any (o.memories))
        order by o.id desc limit least(p_limit, 1000)
      ) as e
      left join memkeep.log_entry l on l.tenant = p_tenant and l.event = e.id
      left join memkeep.pending p on p.tenant = p_tenant and p.id = e.id
      order by e.id desc
    loop
      return next;
      number := number + 1;
      if seq is not null then
        lines := lines || line;
        seqs := seqs || seq;
      end if;
    end loop;
    if p_proved then
      -- What was appended since is in the head, and the tiles are those of just that size.
      for head in select g.line, g.size, g.note from memkeep.log g where g.tenant = p_tenant and g.line = any (lines) loop
        return query select null::text, null::uuid, null::text, null::text, null::smallint, null::bytea, null::bytea, null::bigint, null::uuid[],
          null::integer, null::bytea, null::bigint, null::smallint, null::integer, null::integer, null::bytea, head.line, null::text,
          1::smallint, head.size, head.note, null::smallint, null::bigint, null::bytea
          union all
          select null, null, null, null, null, null, null, null, null,
            null, null, null, null, null, null, null, head.line, null,
            2::smallint, null, null, t.level, t.index, memkeep.tile_hashes(p_tenant, head.line, head.size, t.level, t.index)
          from (
            select distinct v.level::smallint as level, w.index from unnest(lines, seqs) as s (line, seq)
              cross join generate_series(0, 6) as v (level)
              cross join lateral (values (s.seq >> (8 * v.level + 8)), (head.size >> (8 * v.level + 8))) as w (index)
            where s.line = head.line and head.size >> (8 * v.level) > 0
          ) as t;
      end loop;
    end if;
  end if;
  perform memkeep.record(c, case when c.rights & 8388608 = 0 then 'audit.list' else 'ledger.list' end, ended_with, '{}', number, p_detail);
end $$;
