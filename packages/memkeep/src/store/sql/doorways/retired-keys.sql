-- owner: memkeep_derive_door
-- callers: memkeep_app

-- Keys of their own that versions of artifacts (action 6) and of entries of the library (7) had which nobody reads any more, of any tenant: they are to be
-- deleted, in the order of artifact and cause, after those. Those whose id stands in p_done were, and are no longer told of. The first argument is the deployment's own
-- tag. Needs the right `upkeep`.
-- One more row brings the outcome (ok, denied).
create or replace function memkeep.retired_keys(p_tenant bytea, p_token bytea, p_done bytea[], p_after uuid, p_after_cause uuid, p_limit integer, p_detail bytea)
returns table (outcome text, tenant bytea, artifact uuid, cause uuid, action smallint, seal bytea, epoch integer)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'retired_keys');
  number integer := 0;
begin
  outcome := case when c.rights & 16384 = 0 then 'denied' else 'ok' end;
  return next;
  if outcome = 'ok' then
    delete from memkeep.unlearned u where u.seal = any (p_done) and u.action in (6, 7);
    return query select null::text, u.tenant, u.artifact, u.cause, u.action, u.seal, u.epoch from memkeep.unlearned u
      where u.action in (6, 7) and (u.artifact, u.cause) > (p_after, p_after_cause) order by u.artifact, u.cause limit least(p_limit, 1000);
    get diagnostics number = row_count;
  end if;
  -- As due_shelves: a look that found nothing leaves no event.
  if outcome = 'ok' and number = 0 and p_done = '{}' then
    perform set_config('memkeep.claims', '', true);
  else
    perform memkeep.record(c, 'upkeep.keys', outcome, '{}', number, p_detail);
  end if;
end $$;
