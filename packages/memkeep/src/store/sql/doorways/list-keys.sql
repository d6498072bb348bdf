-- owner: memkeep_upkeep_door
-- callers: memkeep_app

-- The API keys of one tenant, newest first. Needs the right `keys`. One more row brings the outcome (ok, denied).
-- An earlier build's answer had other columns, which a function that is only replaced cannot change.
drop function if exists memkeep.list_keys(bytea, bytea, bytea);
create or replace function memkeep.list_keys(p_tenant bytea, p_token bytea, p_detail bytea)
returns table (outcome text, id uuid, lookup bytea, claims bytea, created_ms bigint, expires_ms bigint, revoked_ms bigint,
  used_ms bigint)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'list_keys');
  number integer := 0;
begin
  outcome := case when c.rights & 32768 = 0 then 'denied' else 'ok' end;
  return next;
  if outcome = 'ok' then
    return query select null::text, k.id, k.lookup, k.claims, k.created_ms, k.expires_ms, k.revoked_ms,
        k.used_ms
      from memkeep.api_key k where k.tenant = p_tenant order by k.id desc;
    get diagnostics number = row_count;
  end if;
  perform memkeep.record(c, 'key.list', outcome, '{}', number, p_detail);
end $$;
