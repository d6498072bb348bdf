-- owner: memkeep_upkeep_door
-- callers: memkeep_app

-- Revokes an API key of the tenant from this commit on. Needs the right `keys`. Outcomes: ok, missing, denied.
create or replace function memkeep.revoke_key(p_tenant bytea, p_token bytea, p_id uuid, p_detail bytea)
returns table (outcome text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'revoke_key');
begin
  outcome := case when c.rights & 32768 = 0 then 'denied' else 'ok' end;
  if outcome = 'ok' then
    update memkeep.api_key k set revoked_ms = c.at_ms where k.tenant = p_tenant and k.id = p_id and k.revoked_ms is null;
    if not found then outcome := 'missing'; end if;
  end if;
  perform memkeep.record(c, 'key.revoke', outcome, '{}', case when outcome = 'ok' then 1 else 0 end, p_detail);
  return next;
end $$;
