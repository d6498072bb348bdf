-- owner: memkeep_erase_door
-- callers: memkeep_app

-- Places a legal hold on a subject, or (reach all) on the tenant as a whole. Needs the right `holds`. Under the tenant's row,
-- as a bar is: it stands before the bar, or comes too late and is told so. Outcomes: ok, denied, unknown, barred.
create or replace function memkeep.place_hold(p_tenant bytea, p_token bytea, p_id uuid, p_reason bytea, p_detail bytea)
returns table (outcome text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'place_hold');
  standing smallint;
begin
  outcome := case when c.rights & 131072 = 0 or c.reach = 0 then 'denied' else 'ok' end;
  if outcome = 'ok' then
    select t.state into standing from memkeep.tenant t where t.tenant = p_tenant for update;
    outcome := case when not found then 'unknown' when standing <> 0 then 'barred' else 'ok' end;
    if outcome = 'ok' and c.reach = 1 then
      select s.state into standing from memkeep.shelf s where s.tenant = p_tenant and s.subject = c.shelf;
      if standing <> 0 then outcome := 'barred'; end if;
    end if;
  end if;
  if outcome = 'ok' then
    insert into memkeep.hold (tenant, id, subject, reason, placed_ms) values (p_tenant, p_id, c.shelf, p_reason, c.at_ms);
  end if;
  perform memkeep.record(c, 'hold.place', outcome, '{}', case when outcome = 'ok' then 1 else 0 end, p_detail);
  return next;
end $$;
