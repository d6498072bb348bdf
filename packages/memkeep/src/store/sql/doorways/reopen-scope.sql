-- owner: memkeep_erase_door
-- callers: memkeep_app

-- Lets an erased subject (or, reach all, an erased tenant) begin anew, under the token's epoch, whose keys were made; without
-- p_name it only says whether it would. Needs
-- the right `tenants` (or `erasing`). Outcomes: ok (also when it is open under that epoch already), conflict (its erasure is not done, or the epoch
-- is not a later one), missing (not barred), denied.
create or replace function memkeep.reopen_scope(p_tenant bytea, p_token bytea, p_name bytea, p_detail bytea)
returns table (outcome text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'reopen_scope');
  stands record;
  asked integer := case when c.reach = 2 then c.tenant_epoch else c.shelf_epoch end;
begin
  outcome := case when c.rights & (8192 | 65536) = 0 or c.reach = 0 then 'denied' else 'ok' end;
  if outcome = 'ok' and c.reach = 2 then
    select t.state, t.epoch into stands from memkeep.tenant t where t.tenant = p_tenant for update;
  elsif outcome = 'ok' then
    select s.state, s.epoch into stands from memkeep.shelf s where s.tenant = p_tenant and s.subject = c.shelf for update;
  end if;
  if outcome = 'ok' then
    outcome := case when not found then 'missing' when stands.state = 0 and stands.epoch = asked then 'exists'
      when stands.state = 0 then 'missing' when stands.epoch >= asked then 'conflict' else 'ok' end;
  end if;
  if outcome = 'ok' and c.rights & 65536 = 0 then
    perform 1 from memkeep.erasure e where e.tenant = p_tenant and e.subject = c.shelf and e.state = 0
      and e.kind = case c.reach when 2 then 1 else 0 end;
    if found then outcome := 'conflict'; end if;
  end if;
  -- Only asked: its keys are made after this answer, and never for a scope whose erasure may still destroy them.
  if outcome = 'ok' and p_name is null then
    outcome := 'exists';
  elsif outcome = 'ok' and c.reach = 2 then
    update memkeep.tenant t set state = 0, epoch = asked, name = p_name, policy = null, policy_version = 0
      where t.tenant = p_tenant;
  elsif outcome = 'ok' then
    update memkeep.shelf s set state = 0, epoch = asked, name = p_name, version = s.version + 1
      where s.tenant = p_tenant and s.subject = c.shelf;
  end if;
  -- No key from before opens what begins anew: none is made while a bar stands, and the erasure deleted the others.
  if outcome = 'ok' then
    delete from memkeep.api_key k where k.tenant = p_tenant and (c.reach = 2 or k.subject = c.shelf);
  end if;
  -- With `ok` begins what its scopes read of the ledger: only where it did begin.
  perform memkeep.record(c, 'scope.reopen', outcome, '{}', 0, p_detail);
  outcome := case outcome when 'exists' then 'ok' else outcome end;
  return next;
end $$;
