-- owner: memkeep_upkeep_door
-- callers: memkeep_upkeep

-- The tiles at the right edge of logs that are not full, which is all that is needed to append to them: one row a tile, highest
-- level first. p_sizes are the sizes they had when the caller looked. The first argument is the deployment's own tag. Needs
-- the right `upkeep`. One more row brings the outcome (ok, denied).
create or replace function memkeep.log_edges(p_tenant bytea, p_token bytea, p_tenants bytea[], p_lines bigint[], p_sizes bigint[],
  p_detail bytea)
returns table (outcome text, place integer, level smallint, hashes bytea)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'log_edges');
  leaves bigint;
begin
  outcome := case when c.rights & 16384 = 0 then 'denied' else 'ok' end;
  return next;
  if outcome <> 'ok' then
    perform memkeep.record(c, 'upkeep.sequence', outcome, '{}', 0, p_detail);
    return;
  end if;
  outcome := null;
  for n in 1 .. cardinality(p_tenants) loop
    place := n;
    for l in reverse 6 .. 0 loop
      leaves := p_sizes[n] >> (8 * l);
      continue when leaves % 256 = 0;
      level := l;
      hashes := memkeep.tile_hashes(p_tenants[n], p_lines[n]::integer, p_sizes[n], l, leaves / 256);
      return next;
    end loop;
  end loop;
  perform set_config('memkeep.claims', '', true);
end $$;
