-- owner: memkeep_erase_door
-- callers: memkeep_app
-- twin: recount_scope memkeep_upkeep_door

-- How many rows of the scope each table holds that an erasure must remove: before it, for its plan, and after it. Expired,
-- earlier and removed ones are counted like any other, whatever their label. Its twin counts under the policies of another role, which ask for
-- the tenant alone: the two must agree. Needs the right `erasing`. One more row brings the outcome (ok, denied).
create or replace function memkeep.inspect_scope(p_tenant bytea, p_token bytea, p_detail bytea)
returns table (outcome text, name text, held bigint)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'inspect_scope');
begin
  outcome := case when c.rights & 65536 = 0 then 'denied' else 'ok' end;
  return next;
  if outcome = 'ok' then
    return query select null::text, h.name, h.held
      from memkeep.held_of_scope(p_tenant, memkeep.claim_lowest(65536), memkeep.claim_highest(65536)) h;
  end if;
  perform memkeep.record(c, 'erasure.inspected', outcome, '{}', 0, p_detail);
end $$;
