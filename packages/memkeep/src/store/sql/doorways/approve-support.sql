-- owner: memkeep_erase_door
-- callers: memkeep_app

-- Agrees to support access that somebody else asked for. Needs the right `support`. The token's reach is the grant's, so that the event
-- stands where the subject's auditor sees it. Outcomes: ok, missing (none stands), denied (one's own), conflict (agreed to already).
create or replace function memkeep.approve_support(p_tenant bytea, p_token bytea, p_id uuid, p_approval bytea, p_detail bytea)
returns table (outcome text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'approve_support');
  g memkeep.support;
begin
  outcome := case when c.rights & 2097152 = 0 then 'denied' else 'ok' end;
  if outcome = 'ok' then
    select * into g from memkeep.support o where o.tenant = p_tenant and o.id = p_id and o.subject = c.shelf for update;
    outcome := case when not found or g.ended_ms is not null or g.expires_ms <= c.at_ms then 'missing'
      when g.principal = c.principal then 'denied' when g.approved_ms is not null then 'conflict' else 'ok' end;
  end if;
  if outcome = 'ok' then
    update memkeep.support o set approver = c.principal, approval = p_approval, approved_ms = c.at_ms
      where o.tenant = p_tenant and o.id = p_id;
  end if;
  perform memkeep.record(c, 'support.approve', outcome, '{}', case when outcome = 'ok' then 1 else 0 end, p_detail);
  return next;
end $$;
