-- owner: memkeep_derive_door
-- callers: memkeep_app

-- How one try to rebuild an artifact ended: p_state 0 with new sealed content, 1 tried again at p_due_ms, 2 no more tries, 3 there is nothing
-- left to say: dropped. Nothing is done unless it is hidden and at p_version: what has gone meanwhile has changed that. Needs the right `upkeep` and a
-- tenant-wide reach. Outcomes: ok, conflict (also when its labels are not those of its sources), denied, barred, epoch, unknown.
create or replace function memkeep.settle_rebuild(p_tenant bytea, p_token bytea, p_shelf bytea, p_id uuid,
  p_version integer, p_state smallint, p_sensitivity smallint, p_trust smallint, p_seal bytea, p_epoch integer,
  p_content bytea, p_details bytea, p_due_ms bigint, p_failure text, p_detail bytea)
returns table (outcome text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'settle_rebuild');
  labels record;
  ignored text;
begin
  outcome := case when c.rights & 16384 = 0 or c.reach <> 2 then 'denied' else coalesce((
    select case when t.state <> 0 then 'barred' when t.epoch <> c.tenant_epoch then 'epoch' else 'ok' end
    from memkeep.tenant t where t.tenant = p_tenant), 'unknown') end;
  if outcome = 'ok' then
    perform 1 from memkeep.artifact a where a.tenant = p_tenant and a.subject = p_shelf and a.id = p_id
      and a.version = p_version and a.state = 1 for update;
    if not found then outcome := 'conflict'; end if;
  end if;
  if outcome = 'ok' and p_state = 0 then
    select max(s.sensitivity) as sensitivity, min(s.trust) as trust, count(*) as number into labels from (
      select m.sensitivity, m.trust from memkeep.contribution k join memkeep.memory m
        on m.tenant = k.tenant and m.subject = k.subject and m.id = k.source
        where k.tenant = p_tenant and k.shelf = p_shelf and k.artifact = p_id and k.direct and not k.derived
      union all
      select a.sensitivity, a.trust from memkeep.contribution k join memkeep.artifact a
        on a.tenant = k.tenant and a.subject = k.subject and a.id = k.source
        where k.tenant = p_tenant and k.shelf = p_shelf and k.artifact = p_id and k.direct and k.derived
    ) s;
    if labels.number = 0 or labels.sensitivity > p_sensitivity or labels.trust < p_trust then outcome := 'conflict'; end if;
  end if;
  if outcome = 'ok' and p_state = 3 then
    delete from memkeep.artifact a where a.tenant = p_tenant and a.subject = p_shelf and a.id = p_id;
    ignored := memkeep.unlearn(c, p_shelf, array[p_id], c.event);
  elsif outcome = 'ok' and p_state = 0 then
    update memkeep.artifact a set state = 0, version = a.version + 1, sensitivity = p_sensitivity, trust = p_trust, seal = p_seal,
      epoch = p_epoch, content = p_content, details = p_details, attempts = 0, due_ms = null, failure = null, updated_ms = c.at_ms
      where a.tenant = p_tenant and a.subject = p_shelf and a.id = p_id;
  elsif outcome = 'ok' then
    update memkeep.artifact a set state = p_state, due_ms = p_due_ms, failure = left(p_failure, 64)
      where a.tenant = p_tenant and a.subject = p_shelf and a.id = p_id;
  end if;
  ignored := memkeep.record(c, 'artifact.rebuild', outcome, array[p_id],
    case when outcome = 'ok' and p_state in (0, 3) then 1 else 0 end, p_detail);
  return next;
end $$;
