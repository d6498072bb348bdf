-- owner: memkeep_upkeep_door
-- callers: memkeep_upkeep

-- Appends leaves to the logs of some tenants: all of them, each with its signed head, or (MK007) nothing, when one of the logs
-- is not as long as the caller thought or of another line than all are in, or one of the events has its place already: then somebody
-- else was faster. Heads
-- and what belongs to them: p_logs says to which head an entry or tile belongs, from 1. The first argument is the
-- deployment's own tag. Needs the right `upkeep`. Outcomes: ok, denied. It leaves no event of its own: the signed head is
-- the record of it, and each would call for the next.
create or replace function memkeep.sequence(p_tenant bytea, p_token bytea,
  p_tenants bytea[], p_lines bigint[], p_old bigint[], p_new bigint[], p_vkeys text[], p_notes text[],
  p_logs bigint[], p_seqs bigint[], p_events uuid[], p_classes smallint[], p_unders bigint[], p_epochs bigint[], p_versions bigint[],
  p_entries bytea[],
  p_tile_logs bigint[], p_levels smallint[], p_indices bigint[], p_roots bytea[], p_hashes bytea[], p_detail bytea)
returns table (outcome text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'sequence');
  number bigint;
  group_of record;
begin
  outcome := case when c.rights & 16384 = 0 then 'denied' else 'ok' end;
  if outcome <> 'ok' then
    perform memkeep.record(c, 'upkeep.sequence', outcome, '{}', 0, p_detail);
    return next;
    return;
  end if;
  insert into memkeep.log (tenant, line, size, vkey, signed_ms, note)
    select h.tenant, h.line, 0, h.vkey, 0, '' from unnest(p_tenants, p_lines, p_old, p_vkeys) as h (tenant, line, old, vkey)
    where h.old = 0 order by h.tenant on conflict do nothing;
  -- In the order of the tenants, so that two who append do not wait for each other.
  select count(*) into number from (
    select 1 from memkeep.log l join unnest(p_tenants, p_lines, p_old, p_vkeys) as h (tenant, line, old, vkey)
      on l.tenant = h.tenant and l.line = h.line and l.size = h.old and l.vkey = h.vkey
    order by l.tenant for update of l
  ) as standing;
  if number <> cardinality(p_tenants) then raise exception 'a log has moved' using errcode = 'MK007'; end if;
  -- Behind the locks: a line that was begun meanwhile held all of them.
  if exists (select 1 from unnest(p_lines) as h (line) where h.line
      <> coalesce((select l.line from memkeep.log_line l where l.tenant = p_tenant), 1)) then
    raise exception 'the logs are in another line' using errcode = 'MK007';
  end if;
  update memkeep.log l set size = h.new, signed_ms = c.at_ms, note = h.note
    from unnest(p_tenants, p_lines, p_new, p_notes) as h (tenant, line, new, note)
    where l.tenant = h.tenant and l.line = h.line;
  insert into memkeep.checkpoint (tenant, line, size, signed_ms, note)
    select h.tenant, h.line, h.new, c.at_ms, h.note
    from unnest(p_tenants, p_lines, p_new, p_notes) as h (tenant, line, new, note);
  -- Before the entries: who was slower learns here that somebody else was faster. An event that waits though it has its place is another matter,
  -- and fails below on the index.
  for group_of in select h.tenant, array_agg(e.event) as ids from unnest(p_logs, p_events) as e (log, event)
    join unnest(p_tenants) with ordinality as h (tenant, log) on h.log = e.log where e.event is not null group by 1
  loop
    delete from memkeep.pending p where p.tenant = group_of.tenant and p.id = any (group_of.ids);
    get diagnostics number = row_count;
    if number <> cardinality(group_of.ids) then raise exception 'an event has its place' using errcode = 'MK007'; end if;
  end loop;
  insert into memkeep.log_entry (tenant, line, seq, event, class, under, key_epoch, key_version, entry)
    select h.tenant, h.line, e.seq, e.event, e.class, e.under, e.epoch, e.version, e.entry
    from unnest(p_logs, p_seqs, p_events, p_classes, p_unders, p_epochs, p_versions, p_entries)
      as e (log, seq, event, class, under, epoch, version, entry)
    join unnest(p_tenants, p_lines) with ordinality as h (tenant, line, log) on h.log = e.log;
  insert into memkeep.log_tile (tenant, line, level, index, root, hashes)
    select h.tenant, h.line, t.level, t.index, t.root, t.hashes
    from unnest(p_tile_logs, p_levels, p_indices, p_roots, p_hashes) as t (log, level, index, root, hashes)
    join unnest(p_tenants, p_lines) with ordinality as h (tenant, line, log) on h.log = t.log;
  perform set_config('memkeep.claims', '', true);
  return next;
end $$;
