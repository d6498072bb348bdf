-- owner: memkeep_erase_door
-- callers: memkeep_app

-- Records that the token's scope is to be erased: its subject, or (reach all) the tenant. Needs the right `erase`, for the
-- tenant `tenant` too; an operator's token carries `erasing` besides and is not asked for the tenant's policy. Nothing is barred or deleted
-- yet. An erasure of the same scope and epoch that stands already is the answer: `id` says which.
-- `p_epoch`: the epoch that ends, by the key store: what stands in a later one is 'epoch'. `p_seal`: the kernel's MAC over what is asked for; nothing is carried out without it.
-- Outcomes: ok, held (a legal hold stands), denied, barred, policy, unknown, epoch.
drop function if exists memkeep.request_erasure(bytea, bytea, uuid, smallint, smallint, smallint, bytea, bytea, bigint, bytea);
drop function if exists memkeep.request_erasure(bytea, bytea, uuid, smallint, smallint, smallint, bytea, bytea, bigint, integer, bytea);
create or replace function memkeep.request_erasure(p_tenant bytea, p_token bytea, p_id uuid, p_after smallint,
  p_reason smallint, p_asked_by smallint, p_commit bytea, p_names bytea, p_until_ms bigint, p_epoch integer,
  p_seal bytea, p_detail bytea)
returns table (outcome text, id uuid, epoch integer)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'request_erasure');
  needed integer := case when c.reach = 2 then 128 | 16 else 128 end;
  t record;
begin
  select w.state, w.epoch, w.policy_version into t from memkeep.tenant w where w.tenant = p_tenant for update;
  outcome := case
    when c.rights & 65536 = 0 and t.policy_version <> c.policy_version then 'policy'
    when c.rights & needed <> needed or c.reach = 0 then 'denied'
    when not found then 'unknown'
    else 'ok' end;
  if outcome = 'ok' then
    epoch := t.epoch;
    if c.reach = 1 then
      select s.epoch into epoch from memkeep.shelf s where s.tenant = p_tenant and s.subject = c.shelf;
      epoch := coalesce(epoch, greatest(t.epoch, p_epoch));
    end if;
    select e.id into request_erasure.id from memkeep.erasure e
      where e.tenant = p_tenant and e.subject = c.shelf and e.epoch >= request_erasure.epoch
        and e.epoch <= greatest(request_erasure.epoch, p_epoch) and e.kind = case c.reach when 2 then 1 else 0 end
      order by e.epoch desc limit 1;
    if id is null then
      outcome := case when t.state <> 0 then 'barred' when memkeep.is_held(c) then 'held'
        when epoch > p_epoch then 'epoch' else 'ok' end;
    end if;
  end if;
  if outcome = 'ok' and id is null then
    id := p_id;
    insert into memkeep.erasure (tenant, id, kind, subject, epoch, state, after, reason, asked_by, principal, scope_commit, names,
      requested_ms, until_ms, held_until_ms, seal)
    values (p_tenant, p_id, case c.reach when 2 then 1 else 0 end, c.shelf, p_epoch, 0, p_after, p_reason,
      p_asked_by, c.principal, p_commit, p_names, c.at_ms, p_until_ms, 0, p_seal);
  end if;
  perform memkeep.record(c, 'erasure.requested', outcome, '{}', case when id = p_id then 1 else 0 end, p_detail);
  return next;
end $$;
