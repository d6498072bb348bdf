-- owner: memkeep_upkeep_door
-- callers: memkeep_app

-- Records an API key of the tenant, for the subject p_subject (sixteen zero bytes: the tenant as a whole). Needs the right `keys`. Outcomes: ok, denied, unknown (no such tenant),
-- barred (the tenant, or that subject).
create or replace function memkeep.create_key(p_tenant bytea, p_token bytea, p_lookup bytea, p_id uuid, p_claims bytea,
  p_expires_ms bigint, p_subject bytea, p_detail bytea)
returns table (outcome text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'create_key');
  standing smallint;
  of_subject text;
begin
  outcome := case when c.rights & 32768 = 0 then 'denied' else 'ok' end;
  if outcome = 'ok' then
    of_subject := memkeep.admit_key_of(c, p_subject);
    select t.state into standing from memkeep.tenant t where t.tenant = p_tenant;
    outcome := case when not found then 'unknown' when standing <> 0 then 'barred' else of_subject end;
  end if;
  if outcome = 'ok' then
    insert into memkeep.api_key (lookup, tenant, id, claims, created_ms, expires_ms, subject)
      values (p_lookup, p_tenant, p_id, p_claims, c.at_ms, p_expires_ms, p_subject);
  end if;
  perform memkeep.record(c, 'key.create', outcome, '{}', case when outcome = 'ok' then 1 else 0 end, p_detail);
  return next;
end $$;
