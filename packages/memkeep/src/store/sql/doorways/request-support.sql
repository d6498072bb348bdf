-- owner: memkeep_erase_door
-- callers: memkeep_app

-- Asks for support access to a subject or (reach all) the tenant as a whole, for at most a day, for the principal of the token alone. p_second: somebody
-- else has to agree first. Needs the right `support`. Outcomes: ok, denied, unknown, barred, epoch.
create or replace function memkeep.request_support(p_tenant bytea, p_token bytea, p_id uuid, p_stated bytea, p_expires_ms bigint,
  p_second boolean, p_detail bytea)
returns table (outcome text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'request_support');
  standing record;
begin
  outcome := case when c.rights & 2097152 = 0 or c.reach = 0
    or (p_expires_ms > c.at_ms and p_expires_ms <= c.at_ms + 86400000) is not true then 'denied' else 'ok' end;
  if outcome = 'ok' then
    -- Under the tenant's row, as a bar is: before it, or too late.
    select t.state, t.epoch into standing from memkeep.tenant t where t.tenant = p_tenant for update;
    outcome := case when not found then 'unknown' when standing.state <> 0 then 'barred'
      when standing.epoch <> c.tenant_epoch then 'epoch' else 'ok' end;
    if outcome = 'ok' and c.reach = 1 then
      perform 1 from memkeep.shelf s where s.tenant = p_tenant and s.subject = c.shelf and s.state <> 0;
      if found then outcome := 'barred'; end if;
    end if;
  end if;
  if outcome = 'ok' then
    insert into memkeep.support (tenant, subject, id, principal, stated, second, requested_ms, expires_ms)
      values (p_tenant, c.shelf, p_id, c.principal, p_stated, p_second, c.at_ms, p_expires_ms);
  end if;
  perform memkeep.record(c, 'support.request', outcome, '{}', case when outcome = 'ok' then 1 else 0 end, p_detail);
  return next;
end $$;
