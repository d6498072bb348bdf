-- owner: memkeep_owner
-- callers: memkeep_door memkeep_wide_door memkeep_upkeep_door memkeep_erase_door memkeep_derive_door memkeep_retain_door

-- Writes the audit row of this call and closes its claims: every doorway's last act. The event id is the token's, and so is
-- the time; class and period follow from the action and the time (tables/007). So a replay of a committed call meets the
-- same key and cannot commit again: a doorway whose caller names the action must refuse one of another class. What is not
-- listed as a read or a write is kept as long as what administrators do.
-- Cheaper assigned than performed: an assignment starts no statement.
create or replace function memkeep.record(c memkeep.claims, p_action text, p_outcome text, p_memories uuid[],
  p_affected integer, p_detail bytea) returns void language plpgsql volatile
set search_path = pg_catalog, pg_temp as $$
declare
  ignored text;
  class integer := case
    when p_action in ('memory.search', 'memory.list', 'memory.get', 'memory.history', 'shelf.load', 'shelf.list',
      'tenant.enter', 'upkeep.due', 'artifact.list', 'artifact.get', 'cache.get', 'library.search') then 0
    when p_action in ('memory.add', 'memory.update', 'memory.reclassify', 'memory.reindex', 'memory.reseal', 'memory.delete',
      'memory.expire', 'memory.endorse', 'memory.note', 'memory.hold', 'memory.refuse', 'memory.distil',
      'artifact.register', 'artifact.remove', 'artifact.rebuild', 'cache.set', 'cache.delete', 'answer.claim', 'answer.keep', 'answer.drop') then 1
    else 2 end;
  period integer := c.at_ms / case class when 0 then 2592000000 else 31104000000 end % 16;
begin
  -- One statement: each starts an executor.
  with written as (
    insert into memkeep.event (tenant, id, class, period, action, outcome, reach, subject, epoch, principal, at_ms, memories,
      affected, detail)
    values (c.tenant, c.event, class, period, p_action, p_outcome, c.reach, case when c.reach = 1 then c.shelf end,
      c.tenant_epoch, c.principal, c.at_ms, coalesce(p_memories, '{}'), p_affected, p_detail)
  )
  insert into memkeep.pending (tenant, id, class, period) values (c.tenant, c.event, class, period);
  ignored := set_config('memkeep.claims', '', true);
end $$;

-- Whether the tenant may be used by this call: 'ok', or the outcome to return. `p_right` is a bit of core/rights.ts.
create or replace function memkeep.admit(c memkeep.claims, p_right integer) returns text language plpgsql stable
set search_path = pg_catalog, pg_temp as $$
declare answer text;
begin
  select case
      when t.state <> 0 then 'barred'
      when t.epoch <> c.tenant_epoch then 'epoch'
      when t.policy_version <> c.policy_version then 'policy'
      when c.rights & p_right <> p_right then 'denied'
      else 'ok'
    end into answer from memkeep.tenant t where t.tenant = c.tenant;
  return coalesce(answer, 'unknown');
end $$;
