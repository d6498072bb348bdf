-- owner: memkeep_door
-- callers: memkeep_app

-- How an earlier call of the same principal ended, for a caller that lost the connection before the answer. The token is
-- for that call's event, so no other can be asked for. Outcome null: that call did not commit. Writes no event of its own:
-- it tells nothing that was not told. `trusts` are what the memories on the call's shelf are trusted now, in the order of `ids`.
create or replace function memkeep.settle(p_tenant bytea, p_token bytea)
returns table (outcome text, ids uuid[], affected integer, trusts smallint[])
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'settle');
begin
  select e.outcome, e.memories, e.affected into outcome, ids, affected from memkeep.event e
    where e.tenant = p_tenant and e.id = c.event and e.principal = c.principal;
  if ids is not null then trusts := memkeep.stored_trusts(c, ids); end if;
  perform set_config('memkeep.claims', '', true);
  return next;
end $$;
