-- owner: memkeep_derive_door
-- callers: memkeep_app

-- Puts an entry into the library of the deployment, whose own tag is the first argument. Parallel arrays name the memories that it was learnt from, of any
-- tenant; their shelves are locked, so that no bar and no deletion passes. Needs the right `library`. Outcomes: ok, missing, barred, conflict (labels:
-- it answers the most trust and the least sensitivity that its sources allow), quota (a thousand entries), denied.
create or replace function memkeep.publish(p_tenant bytea, p_token bytea, p_id uuid, p_kind text, p_sensitivity smallint,
  p_trust smallint, p_tenants bytea[], p_subjects bytea[], p_sources uuid[], p_seal bytea, p_epoch integer, p_content bytea,
  p_detail bytea)
returns table (outcome text, sensitivity smallint, trust smallint)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'publish');
  open_ones boolean;
  found_ones record;
begin
  outcome := case when c.rights & 524288 = 0 or p_sources = '{}' or p_trust not between 0 and 2 or p_sensitivity not between 0 and 2
      or p_kind !~ '^[a-z][a-z0-9_-]{0,31}$' then 'denied'
    when (select count(*) from memkeep.library_entry e where e.tenant = p_tenant) >= 1000 then 'quota'
    else 'ok' end;
  if outcome = 'ok' then
    select bool_and(h.state = 0 and h.tenant_state = 0) into open_ones from (
      select s.state, t.state as tenant_state from (select distinct u.tenant, u.subject from unnest(p_tenants, p_subjects) as u (tenant, subject)) n
      join memkeep.shelf s on s.tenant = n.tenant and s.subject = n.subject join memkeep.tenant t on t.tenant = n.tenant
      order by s.tenant, s.subject for share of s
    ) h;
    -- Behind the locks.
    select count(*) as number, max(m.sensitivity) as sensitivity, min(m.trust) as trust into found_ones
      from (select distinct u.tenant, u.subject, u.source from unnest(p_tenants, p_subjects, p_sources) as u (tenant, subject, source)) n
      join memkeep.memory m on m.tenant = n.tenant and m.subject = n.subject and m.id = n.source
      where m.expires_ms is null or m.expires_ms > c.at_ms;
    outcome := case
      when open_ones is false then 'barred'
      when found_ones.number <> cardinality(p_sources) then 'missing'
      when found_ones.sensitivity > p_sensitivity or found_ones.trust < p_trust then 'conflict'
      else 'ok' end;
  end if;
  if outcome = 'conflict' then
    sensitivity := greatest(found_ones.sensitivity, p_sensitivity);
    trust := least(found_ones.trust, p_trust);
  elsif outcome = 'ok' then
    with recursive lineage (tenant, subject, id, derived_from) as (
      select m.tenant, m.subject, m.id, m.derived_from from unnest(p_tenants, p_subjects, p_sources) as u (tenant, subject, source)
      join memkeep.memory m on m.tenant = u.tenant and m.subject = u.subject and m.id = u.source
      union
      select m.tenant, m.subject, m.id, m.derived_from from lineage l join memkeep.memory m
        on m.tenant = l.tenant and m.subject = l.subject and m.id = any (l.derived_from)
    )
    insert into memkeep.library_contribution (tenant, subject, source, entry, home, direct)
      select l.tenant, l.subject, l.id, p_id, p_tenant, l.id = any (p_sources) from lineage l on conflict do nothing;
    insert into memkeep.library_entry (tenant, id, version, kind, state, sensitivity, trust, contributors, created_ms, updated_ms,
      seal, epoch, content)
    values (p_tenant, p_id, 1, p_kind, 0, p_sensitivity, p_trust, cardinality(p_sources), c.at_ms, c.at_ms, p_seal, p_epoch, p_content);
  end if;
  perform memkeep.record(c, 'library.publish', outcome, array[p_id], case when outcome = 'ok' then 1 else 0 end, p_detail);
  return next;
end $$;
