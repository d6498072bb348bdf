-- owner: memkeep_erase_door
-- callers: memkeep_app

-- Removes the bar and the record of an erasure that is done and whose time is over (see ended_erasures): what stands of the scope in the database
-- is then its ledger alone. A scope that was reopened stays as it is. Needs the right `erasing`. Outcomes: ok, denied, missing, conflict
-- (not done, or not over).
create or replace function memkeep.forget_erasure(p_tenant bytea, p_token bytea, p_id uuid, p_detail bytea)
returns table (outcome text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'forget_erasure');
  e memkeep.erasure;
  number integer := 0;
begin
  outcome := case when c.rights & 65536 = 0 or c.reach = 0 then 'denied' else 'ok' end;
  if outcome = 'ok' then
    select * into e from memkeep.erasure w where w.tenant = p_tenant and w.id = p_id and w.subject = c.shelf
      and w.kind = case c.reach when 2 then 1 else 0 end for update;
    outcome := case when not found then 'missing'
      when e.state = 1 and e.until_ms < c.at_ms and e.done_ms < c.at_ms - 86400000 then 'ok' else 'conflict' end;
  end if;
  if outcome = 'ok' then
    if c.reach = 2 then
      delete from memkeep.tenant t where t.tenant = p_tenant and t.state = 1 and t.epoch = e.epoch;
    else
      delete from memkeep.shelf s where s.tenant = p_tenant and s.subject = c.shelf and s.state = 1 and s.epoch = e.epoch;
    end if;
    get diagnostics number = row_count;
    -- As reopen_scope: whoever has that id later is somebody else.
    if number > 0 then
      delete from memkeep.api_key k where k.tenant = p_tenant and (c.reach = 2 or k.subject = c.shelf);
    end if;
    delete from memkeep.erasure_step s where s.tenant = p_tenant and s.erasure = p_id;
    delete from memkeep.erasure w where w.tenant = p_tenant and w.id = p_id;
  end if;
  perform memkeep.record(c, 'erasure.expired', outcome, '{}', number, p_detail);
  return next;
end $$;
