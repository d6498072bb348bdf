-- owner: memkeep_upkeep_door
-- callers: memkeep_door

-- Whether the tenant of this call holds more than p_memories memories or p_bytes bytes (null: any number), this call's own
-- included. A write sees the shelf of its subject and the common one only, so this runs as another role, whose policy shows
-- it the tenant's shelves while the token of a growing write is open (policies.sql). One truth value leaves it.
create or replace function memkeep.exceeds_quota(p_tenant bytea, p_memories bigint, p_bytes bigint) returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp as $$
declare held record;
begin
  select sum(s.memories) as memories, sum(s.bytes) as bytes into held from memkeep.shelf s where s.tenant = p_tenant;
  return coalesce(held.memories > p_memories, false) or coalesce(held.bytes > p_bytes, false);
end $$;
