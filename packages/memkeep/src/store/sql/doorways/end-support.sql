-- owner: memkeep_erase_door
-- callers: memkeep_app

-- Ends support access before its time, whoever asked for it. Needs the right `support`. Outcomes: ok, missing (none stands), denied.
create or replace function memkeep.end_support(p_tenant bytea, p_token bytea, p_id uuid, p_detail bytea)
returns table (outcome text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'end_support');
begin
  outcome := case when c.rights & 2097152 = 0 then 'denied' else 'ok' end;
  if outcome = 'ok' then
    update memkeep.support g set ended_ms = c.at_ms where g.tenant = p_tenant and g.id = p_id and g.subject = c.shelf
      and g.ended_ms is null and g.expires_ms > c.at_ms;
    if not found then outcome := 'missing'; end if;
  end if;
  perform memkeep.record(c, 'support.end', outcome, '{}', case when outcome = 'ok' then 1 else 0 end, p_detail);
  return next;
end $$;
