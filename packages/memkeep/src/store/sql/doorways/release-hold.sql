-- owner: memkeep_erase_door
-- callers: memkeep_app

-- Releases a legal hold. Needs the right `holds`. Outcomes: ok, missing (none that stands has this id), denied.
create or replace function memkeep.release_hold(p_tenant bytea, p_token bytea, p_id uuid, p_detail bytea)
returns table (outcome text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'release_hold');
begin
  outcome := case when c.rights & 131072 = 0 then 'denied' else 'ok' end;
  if outcome = 'ok' then
    update memkeep.hold h set released_ms = c.at_ms where h.tenant = p_tenant and h.id = p_id and h.released_ms is null;
    if not found then outcome := 'missing'; end if;
  end if;
  perform memkeep.record(c, 'hold.release', outcome, '{}', case when outcome = 'ok' then 1 else 0 end, p_detail);
  return next;
end $$;
