-- owner: memkeep_erase_door
-- callers: memkeep_app

-- Records again an erasure that the ledger outside knows and this database does not, since it was restored: 'ok' when it must be
-- carried out (also when it was begun again already); 'exists' when it was, when a later epoch stands, or when the erasure itself stands barred;
-- 'held' when that is open and not barred: it goes on as any other; 'missing' when there is no such tenant. Needs the right `erasing`.
-- What the restored database still has of its names, sealed under the tenant's key, is the answer too.
-- `p_seal`: as in request_erasure. Outcomes: ok, exists, held, missing, denied.
drop function if exists memkeep.repeat_erasure(bytea, bytea, uuid, integer, smallint, bytea, bigint, bytea);
create or replace function memkeep.repeat_erasure(p_tenant bytea, p_token bytea, p_id uuid, p_epoch integer, p_reason smallint,
  p_commit bytea, p_until_ms bigint, p_seal bytea, p_detail bytea)
returns table (outcome text, tenant_name bytea, subject_name bytea)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'repeat_erasure');
  tenant_epoch integer;
  standing_epoch integer;
  known record;
  is_known boolean;
begin
  outcome := case when c.rights & 65536 = 0 or c.reach = 0 then 'denied' else 'ok' end;
  if outcome = 'ok' then
    select t.epoch into tenant_epoch from memkeep.tenant t where t.tenant = p_tenant for update;
    if not found then outcome := 'missing'; end if;
  end if;
  if outcome = 'ok' then
    select e.state, e.barred_ms, e.asked_by into known from memkeep.erasure e where e.tenant = p_tenant and e.id = p_id;
    is_known := found;
    if is_known then
      outcome := case when known.state = 1 then 'exists' when known.asked_by = 2 then 'ok'
        when known.barred_ms is null then 'held' else 'exists' end;
    end if;
  end if;
  if outcome = 'ok' and not is_known then
    standing_epoch := tenant_epoch;
    if c.reach = 1 then
      select s.epoch into standing_epoch from memkeep.shelf s where s.tenant = p_tenant and s.subject = c.shelf;
    end if;
    if standing_epoch > p_epoch then
      outcome := 'exists';
    else
      insert into memkeep.erasure (tenant, id, kind, subject, epoch, state, after, reason, asked_by, principal, scope_commit,
        requested_ms, until_ms, held_until_ms, seal)
      values (p_tenant, p_id, case c.reach when 2 then 1 else 0 end, c.shelf, p_epoch, 0, 0, p_reason, 2, c.principal,
        p_commit, c.at_ms, p_until_ms, 0, p_seal);
    end if;
  end if;
  if outcome = 'ok' then
    select t.name into tenant_name from memkeep.tenant t where t.tenant = p_tenant;
    select s.name into subject_name from memkeep.shelf s where s.tenant = p_tenant and s.subject = c.shelf and c.reach = 1;
  end if;
  perform memkeep.record(c, 'erasure.repeated', outcome, '{}', case when outcome = 'ok' then 1 else 0 end, p_detail);
  return next;
end $$;
