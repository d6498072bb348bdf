-- owner: memkeep_owner
-- callers: memkeep_door memkeep_wide_door memkeep_upkeep_door

-- What the policies of the log ask.

-- The least tag of those whose events a call may put into their logs: for upkeep's doorways that sequence, every tenant's;
-- null, and with it nothing, for any other call. As the bound of an index, so that the claims are verified once a scan.
create or replace function memkeep.claim_log_from() returns bytea language plpgsql stable cost 1000
set search_path = pg_catalog, pg_temp as $$
declare c bytea := memkeep.open_claims();
begin
  return case when ('x' || encode(substring(c from 49 for 4), 'hex'))::bit(32)::integer & 16384 <> 0
    and convert_from(substring(c from 106 for greatest(octet_length(c) - 121, 0)), 'UTF8')
      in ('pending_events', 'log_edges', 'log_heads', 'sequence', 'anchor_logs', 'begin_line', 'note_cosigned') then ''::bytea end;
end $$;

-- The tenant whose ledger a call may read: with the right `audit` (262144), in the doorways that read it.
create or replace function memkeep.claim_audited() returns bytea language plpgsql stable cost 1000
set search_path = pg_catalog, pg_temp as $$
declare c bytea := memkeep.open_claims();
begin
  return case when ('x' || encode(substring(c from 49 for 4), 'hex'))::bit(32)::integer & 262144 <> 0
    and convert_from(substring(c from 106 for greatest(octet_length(c) - 121, 0)), 'UTF8')
      in ('list_events', 'wide_list_events', 'prove_event', 'wide_prove_event', 'read_head', 'read_log')
    then substring(c from 6 for 16) end;
end $$;

-- As claim_audited(), for a token whose reach is every subject.
create or replace function memkeep.claim_wide_audited() returns bytea language plpgsql stable cost 1000
set search_path = pg_catalog, pg_temp as $$
begin
  return case when get_byte(memkeep.open_claims(), 21) = 2 then memkeep.claim_audited() end;
end $$;

-- Whether a call reaches an event of the tenant that it audits: those of its own subject or, for the common reach, those that
-- concern no subject.
create or replace function memkeep.claim_audits(p_reach smallint, p_subject bytea) returns boolean
language plpgsql stable cost 1000
set search_path = pg_catalog, pg_temp as $$
declare c bytea := memkeep.open_claims();
begin
  return coalesce(get_byte(c, 21) in (0, 1) and get_byte(c, 21) = p_reach
    and (p_reach = 0 or p_subject = substring(c from 23 for 16)), false);
end $$;

-- The hashes of a tile as it stands in the log of p_size leaves; null where there is none.
create or replace function memkeep.tile_hashes(p_tenant bytea, p_line integer, p_size bigint, p_level integer, p_index bigint)
returns bytea language plpgsql stable
set search_path = pg_catalog, pg_temp as $$
declare
  first bigint := p_index * 256;
  width integer := least(256, (p_size >> (8 * p_level)) - first);
  hashes bytea;
begin
  if width <= 0 then return null; end if;
  select t.hashes into hashes from memkeep.log_tile t
    where t.tenant = p_tenant and t.line = p_line and t.level = p_level and t.index = p_index;
  if found then return substring(hashes for 32 * width); end if;
  if p_level = 0 then
    return (select string_agg(sha256('\x00'::bytea || e.entry), ''::bytea order by e.seq) from memkeep.log_entry e
      where e.tenant = p_tenant and e.line = p_line and e.seq >= first and e.seq < first + width);
  end if;
  return (select string_agg(t.root, ''::bytea order by t.index) from memkeep.log_tile t
    where t.tenant = p_tenant and t.line = p_line and t.level = p_level - 1 and t.index >= first and t.index < first + width);
end $$;

-- Which events a call that reads the log reaches by when they were recorded: from from_at on, before until_at. A tenant or subject that began
-- anew reaches nothing of whoever had its id before: behind the event that opened it, or that took away its bar. A grant (8388608) reaches
-- just what lies before, and all while the tenant does not stand; whoever carries an erasure out (65536) or keeps the log (16384) reaches all.
-- former_line: the last line with leaves of a life that this call does not reach; null for none.
create or replace function memkeep.audited_life(c memkeep.claims, out from_at timestamptz, out until_at timestamptz, out former_line integer)
language plpgsql stable
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare begun record;
begin
  from_at := '-infinity';
  until_at := 'infinity';
  if c.rights & (16384 | 65536) <> 0 then return; end if;
  select e.recorded_at as at, coalesce(l.line, 2147483647) as line into begun
    from memkeep.event e left join memkeep.log_entry l on l.tenant = c.tenant and l.event = e.id
    where e.tenant = c.tenant and e.class = 2 and e.action in ('scope.reopen', 'erasure.expired') and e.outcome = 'ok'
      and (e.action = 'scope.reopen' or e.affected > 0) and (e.reach = 2 or e.reach = c.reach and e.subject = c.shelf)
    order by e.recorded_at desc limit 1;
  if c.rights & 8388608 = 0 then
    from_at := coalesce(begun.at, from_at);
    former_line := begun.line;
  elsif exists (select from memkeep.tenant t where t.tenant = c.tenant and t.state = 0) then
    until_at := coalesce(begun.at, '-infinity');
  end if;
end $$;

-- As admit(), for a call that reads the log: needs the right `audit` (262144), and `tenant` (16) to reach every subject. A
-- tenant that was erased keeps its log, and whoever carries an erasure out (65536) or keeps the log (16384) may read it. So may a grant (8388608), and
-- the deployment's own log, which no scope opens either; of a tenant that stands it opens what was before it began anew, and denies the rest
-- whatever epoch and policy the tenant is at.
create or replace function memkeep.admit_auditor(c memkeep.claims) returns text language plpgsql stable
set search_path = pg_catalog, pg_temp as $$
declare
  needed integer := case when c.reach = 2 then 262144 | 16 else 262144 end;
  answer text;
begin
  if c.rights & (16384 | 65536) <> 0 then return case when c.rights & 262144 <> 0 then 'ok' else 'denied' end; end if;
  answer := memkeep.admit(c, needed);
  if c.rights & 8388608 <> 0 then
    return case when c.rights & 262144 = 0 then 'denied' when answer in ('barred', 'unknown') then 'ok'
      when (memkeep.audited_life(c)).until_at > '-infinity' then 'ok' else 'denied' end;
  end if;
  return answer;
end $$;
