-- owner: memkeep_owner
-- callers: memkeep_door memkeep_wide_door memkeep_upkeep_door

-- Writes the audit row of this call and closes its claims: every doorway's last act. The event id is the token's, so a
-- replay of a committed call cannot commit again. Cheaper assigned than performed: an assignment starts no statement.
create or replace function memkeep.record(c memkeep.claims, p_action text, p_outcome text, p_memories uuid[],
  p_affected integer, p_detail bytea) returns void language plpgsql volatile
set search_path = pg_catalog, pg_temp as $$
declare ignored text;
begin
  insert into memkeep.event (tenant, id, action, outcome, reach, subject, epoch, principal, at_ms, memories, affected, detail)
  values (c.tenant, c.event, p_action, p_outcome, c.reach, case when c.reach = 1 then c.shelf end, c.tenant_epoch,
    c.principal, c.at_ms, coalesce(p_memories, '{}'), p_affected, p_detail);
  ignored := set_config('memkeep.claims', '', true);
end $$;

-- Whether the tenant may be used by this call: 'ok', or the outcome to return. `p_right` is a bit of core/rights.ts.
create or replace function memkeep.admit(c memkeep.claims, p_right integer) returns text language plpgsql stable
set search_path = pg_catalog, pg_temp as $$
declare t record;
begin
  select state, epoch, policy_version into t from memkeep.tenant where tenant = c.tenant;
  if not found then return 'unknown'; end if;
  if t.state <> 0 then return 'barred'; end if;
  if t.epoch <> c.tenant_epoch then return 'epoch'; end if;
  if t.policy_version <> c.policy_version then return 'policy'; end if;
  if c.rights & p_right <> p_right then return 'denied'; end if;
  return 'ok';
end $$;
