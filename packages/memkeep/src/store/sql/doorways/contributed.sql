-- owner: memkeep_wide_door
-- callers: memkeep_app

-- The memories of one tenant that were named for an entry of the deployment's library and are still there (part 2), for its rebuilding: so the reading
-- stands in that tenant's own ledger. Needs the rights `upkeep`, `read` and `tenant` and a tenant-wide reach. One more row brings the outcome
-- (ok, denied, barred, epoch, unknown).
create or replace function memkeep.contributed(p_tenant bytea, p_token bytea, p_entry uuid, p_detail bytea)
returns setof memkeep.reading
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'contributed');
  answer memkeep.reading;
  ids uuid[] := '{}';
begin
  answer.part := 0;
  answer.outcome := case when c.rights & 16401 <> 16401 or c.reach <> 2 then 'denied' else coalesce((
    select case when t.state <> 0 then 'barred' when t.epoch <> c.tenant_epoch then 'epoch' else 'ok' end
    from memkeep.tenant t where t.tenant = p_tenant), 'unknown') end;
  if answer.outcome = 'ok' then
    ids := array(select k.source from memkeep.library_contribution k where k.tenant = p_tenant and k.entry = p_entry and k.direct);
    return query
      select null::text, 2::smallint, m.subject, null::bigint, m.id, m.version, m.sensitivity, m.trust, m.actor, m.kind,
        m.at_ms, m.created_ms, m.updated_ms, m.expires_ms, m.derived_from, m.epoch, m.content, m.details, null::bytea
      from memkeep.library_contribution k join memkeep.memory m on m.tenant = k.tenant and m.subject = k.subject and m.id = k.source
      where k.tenant = p_tenant and k.entry = p_entry and k.direct and (m.expires_ms is null or m.expires_ms > c.at_ms);
  end if;
  perform memkeep.record(c, 'library.sources', answer.outcome, ids, cardinality(ids), p_detail);
  return next answer;
end $$;
