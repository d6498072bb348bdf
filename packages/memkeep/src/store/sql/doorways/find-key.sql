-- owner: memkeep_upkeep_door
-- callers: memkeep_app

-- What an API key stands for, sealed; no row when there is none, or it has expired or was revoked. The first argument is the
-- deployment's own tag; the lookup tag stands in the token, in the shelf's place. Needs the right `authenticate`. A key that is found leaves no event here: what is done with it
-- does. One that is not found does, as `missing`. When it was last found is noted once a minute.
create or replace function memkeep.find_key(p_tenant bytea, p_token bytea, p_detail bytea)
returns table (outcome text, id uuid, tenant bytea, claims bytea, expires_ms bigint)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'find_key');
begin
  outcome := case when c.rights & 4096 = 0 then 'denied' else 'ok' end;
  if outcome = 'ok' then
    select k.id, k.tenant, k.claims, k.expires_ms
      into find_key.id, find_key.tenant, find_key.claims, find_key.expires_ms from memkeep.api_key k
      where k.lookup = c.shelf and k.revoked_ms is null and (k.expires_ms is null or k.expires_ms > c.at_ms);
    if not found then outcome := 'missing'; end if;
  end if;
  if outcome = 'ok' then
    update memkeep.api_key k set used_ms = c.at_ms
      where k.lookup = c.shelf and (k.used_ms is null or k.used_ms < c.at_ms - 60000);
    perform set_config('memkeep.claims', '', true);
  else
    perform memkeep.record(c, 'key.find', outcome, '{}', 0, p_detail);
  end if;
  return next;
end $$;
