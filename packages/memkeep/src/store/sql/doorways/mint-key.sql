-- owner: memkeep_door
-- callers: memkeep_app

-- Records a key that a principal made for itself, for at most a day. Needs the right `mint`. A principal of one subject makes
-- keys for that subject alone; sixteen zero bytes stand for the tenant as a whole. Outcomes: ok, denied, barred, epoch, policy, unknown.
create or replace function memkeep.mint_key(p_tenant bytea, p_token bytea, p_lookup bytea, p_id uuid, p_subject bytea,
  p_claims bytea, p_expires_ms bigint, p_detail bytea)
returns table (outcome text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'mint_key');
  of_subject text := memkeep.admit_key_of(c, p_subject);
begin
  outcome := memkeep.admit(c, 2048);
  if outcome = 'ok' and (p_expires_ms > c.at_ms and p_expires_ms <= c.at_ms + 86400000
    and (c.reach <> 1 or p_subject = c.shelf)) is not true then outcome := 'denied'; end if;
  if outcome = 'ok' then outcome := of_subject; end if;
  if outcome = 'ok' then
    insert into memkeep.api_key (lookup, tenant, id, subject, claims, created_ms, expires_ms)
      values (p_lookup, p_tenant, p_id, p_subject, p_claims, c.at_ms, p_expires_ms);
  end if;
  perform memkeep.record(c, 'token.mint', outcome, '{}', case when outcome = 'ok' then 1 else 0 end, p_detail);
  return next;
end $$;
