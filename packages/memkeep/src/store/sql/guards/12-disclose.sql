-- owner: memkeep_owner
-- callers: memkeep_door memkeep_wide_door

-- Takes p_number memories, or one for an answer that has none (that says something too), from what the token's principal may still be shown: 'ok', or
-- 'budget', and then nothing was taken. The token of a call that discloses states the budget in the place where that of a write states its epoch: minutes * 2^20 + memories; below 2^20 there is none. The row is
-- locked until the call ends, so that calls of several processes do not spend the same. A process whose clock is behind counts into the later time.
create or replace function memkeep.disclose(c memkeep.claims, p_number integer) returns text language plpgsql volatile
set search_path = pg_catalog, pg_temp as $$
declare
  most integer := c.shelf_epoch & 1048575;
  span bigint := (c.shelf_epoch >> 20) * 60000::bigint;
  taken integer := greatest(p_number, 1);
begin
  if c.shelf_epoch < 1048576 then return 'ok'; end if;
  if taken > most then return 'budget'; end if;
  insert into memkeep.disclosed as d (tenant, principal, from_ms, memories)
    values (c.tenant, c.principal, c.at_ms - c.at_ms % span, taken)
    on conflict (tenant, principal) do update set from_ms = greatest(d.from_ms, excluded.from_ms),
      memories = case when d.from_ms < excluded.from_ms then 0 else d.memories end + excluded.memories
    where case when d.from_ms < excluded.from_ms then 0 else d.memories end + excluded.memories <= most;
  return case when found then 'ok' else 'budget' end;
end $$;
