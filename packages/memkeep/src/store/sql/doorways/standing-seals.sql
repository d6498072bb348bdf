-- owner: memkeep_derive_door
-- callers: memkeep_app

-- Which of these keys of their own belong to a version that can be read: of an artifact of the tenant or, when the first argument is the deployment's own tag, of an
-- entry of the library. Tells nothing but what was asked with, so it leaves no event. Needs the right `upkeep` and a tenant-wide reach. One more row brings the
-- outcome (ok, denied).
create or replace function memkeep.standing_seals(p_tenant bytea, p_token bytea, p_seals bytea[], p_detail bytea)
returns table (outcome text, seal bytea)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'standing_seals');
  verdict text := case when c.rights & 16384 = 0 or c.reach <> 2 then 'denied' else 'ok' end;
begin
  if verdict = 'ok' then
    return query select null::text, a.seal from memkeep.artifact a where a.tenant = p_tenant and a.seal = any (p_seals) and a.state = 0
      union all select null::text, e.seal from memkeep.library_entry e where e.tenant = p_tenant and e.seal = any (p_seals) and e.state = 0;
    perform set_config('memkeep.claims', '', true);
  else
    perform memkeep.record(c, 'artifact.settle', verdict, '{}', 0, p_detail);
  end if;
  return query select verdict, null::bytea;
end $$;
