-- owner: memkeep_owner
-- callers: memkeep_retain_door

-- The least tag of those whose reads a call may put away: for upkeep's doorways that do so, every tenant's; null, and with
-- it nothing, for any other call.
create or replace function memkeep.claim_retained_from() returns bytea language plpgsql stable cost 1000
set search_path = pg_catalog, pg_temp as $$
declare c bytea := memkeep.open_claims();
begin
  return case when ('x' || encode(substring(c from 49 for 4), 'hex'))::bit(32)::integer & 16384 <> 0
    and convert_from(substring(c from 106 for greatest(octet_length(c) - 121, 0)), 'UTF8')
      in ('due_reads', 'cold_events', 'archive_reads', 'prune_log', 'empty_reads', 'thin_checkpoints') then ''::bytea end;
end $$;
