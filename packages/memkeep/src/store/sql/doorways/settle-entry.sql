-- owner: memkeep_derive_door
-- callers: memkeep_upkeep

-- As settle_rebuild, for an entry of the deployment's library, whose own tag is the first argument: p_state 0 with new sealed content, 1 tried again at
-- p_due_ms, 2 no more tries, 3 there is nothing left to say: dropped. Nothing is done unless it is hidden and at p_version: whatever takes a
-- contributor away changes that, or waits for this. Needs the right `upkeep`. Outcomes: ok, conflict (also when its labels are not those of its
-- contributors), denied.
create or replace function memkeep.settle_entry(p_tenant bytea, p_token bytea, p_id uuid, p_version integer, p_state smallint,
  p_sensitivity smallint, p_trust smallint, p_seal bytea, p_epoch integer, p_content bytea, p_due_ms bigint, p_failure text, p_detail bytea)
returns table (outcome text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'settle_entry');
  labels record;
begin
  outcome := case when c.rights & 16384 = 0 then 'denied' else 'ok' end;
  if outcome = 'ok' then
    perform 1 from memkeep.library_entry e where e.tenant = p_tenant and e.id = p_id and e.version = p_version and e.state = 1 for update;
    if not found then outcome := 'conflict'; end if;
  end if;
  if outcome = 'ok' and p_state = 0 then
    select max(m.sensitivity) as sensitivity, min(m.trust) as trust, count(*) as number into labels
      from memkeep.library_contribution k join memkeep.memory m on m.tenant = k.tenant and m.subject = k.subject and m.id = k.source
      where k.home = p_tenant and k.entry = p_id and k.direct and (m.expires_ms is null or m.expires_ms > c.at_ms);
    if labels.number = 0 or labels.sensitivity > p_sensitivity or labels.trust < p_trust then outcome := 'conflict'; end if;
  end if;
  if outcome = 'ok' and p_state = 3 then
    delete from memkeep.library_contribution k where k.home = p_tenant and k.entry = p_id;
    delete from memkeep.library_entry e where e.tenant = p_tenant and e.id = p_id;
  elsif outcome = 'ok' and p_state = 0 then
    update memkeep.library_entry e set state = 0, version = e.version + 1, sensitivity = p_sensitivity, trust = p_trust, seal = p_seal,
      epoch = p_epoch, content = p_content, attempts = 0, due_ms = null, failure = null, updated_ms = c.at_ms
      where e.tenant = p_tenant and e.id = p_id;
  elsif outcome = 'ok' then
    update memkeep.library_entry e set state = p_state, due_ms = p_due_ms, failure = left(p_failure, 64)
      where e.tenant = p_tenant and e.id = p_id;
  end if;
  perform memkeep.record(c, 'library.rebuild', outcome, array[p_id], case when outcome = 'ok' and p_state in (0, 3) then 1 else 0 end, p_detail);
  return next;
end $$;
