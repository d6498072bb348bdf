-- owner: memkeep_wide_door
-- callers: memkeep_app

-- The memories (part 2) and artifacts (part 5, with the tag of a key of its own as `entry`) that a hidden artifact is still made of, for its rebuilding. Needs the rights `upkeep`, `read` and `tenant` and a
-- tenant-wide reach. One row a source, and one with the outcome (ok, missing: it was settled or has changed, denied, barred, epoch, unknown).
create or replace function memkeep.rebuild_sources(p_tenant bytea, p_token bytea, p_shelf bytea, p_id uuid,
  p_version integer, p_detail bytea)
returns setof memkeep.reading
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'rebuild_sources');
  answer memkeep.reading;
  number integer := 0;
begin
  answer.part := 0;
  answer.outcome := case when c.rights & 16401 <> 16401 or c.reach <> 2 then 'denied' else coalesce((
    select case when t.state <> 0 then 'barred' when t.epoch <> c.tenant_epoch then 'epoch' else 'ok' end
    from memkeep.tenant t where t.tenant = p_tenant), 'unknown') end;
  if answer.outcome = 'ok' and not exists (select from memkeep.artifact a where a.tenant = p_tenant and a.subject = p_shelf
    and a.id = p_id and a.version = p_version and a.state = 1) then
    answer.outcome := 'missing';
  end if;
  if answer.outcome = 'ok' then
    return query
      select null::text, 2::smallint, m.subject, null::bigint, m.id, m.version, m.sensitivity, m.trust, m.actor, m.kind,
        m.at_ms, m.created_ms, m.updated_ms, m.expires_ms, m.derived_from, m.epoch, m.content, m.details, null::bytea
      from memkeep.contribution k join memkeep.memory m on m.tenant = k.tenant and m.subject = k.subject and m.id = k.source
      where k.tenant = p_tenant and k.shelf = p_shelf and k.artifact = p_id and k.direct and not k.derived
      union all
      select null, 5::smallint, a.subject, null, a.id, a.version, a.sensitivity, a.trust, null, a.kind, null, a.created_ms,
        a.updated_ms, a.expires_ms, a.derived_from, a.epoch, a.content, a.details, a.seal
      from memkeep.contribution k join memkeep.artifact a on a.tenant = k.tenant and a.subject = k.subject and a.id = k.source
      where k.tenant = p_tenant and k.shelf = p_shelf and k.artifact = p_id and k.direct and k.derived and a.state = 0;
    get diagnostics number = row_count;
  end if;
  perform memkeep.record(c, 'artifact.sources', answer.outcome, array[p_id], number, p_detail);
  return next answer;
end $$;
