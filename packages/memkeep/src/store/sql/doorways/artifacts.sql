-- owner: memkeep_door
-- callers: memkeep_app
-- twin: wide_artifacts memkeep_wide_door

-- Artifacts in reach, newest first: those in p_ids (null: all), of these kinds and states (null: any), before p_before. Values of the cache
-- when p_cached, by their ids, while they have not expired. Hidden ones come without content. One more row brings the outcome (ok,
-- missing, denied, barred, epoch, policy, unknown).
create or replace function memkeep.artifacts(p_tenant bytea, p_token bytea, p_cached boolean, p_ids uuid[],
  p_kinds text[], p_states smallint[], p_before uuid, p_limit integer, p_detail bytea)
returns table (outcome text, subject bytea, id uuid, version integer, kind text, place smallint, state smallint,
  sensitivity smallint, trust smallint, created_ms bigint, updated_ms bigint, expires_ms bigint, derived_from uuid[],
  epoch integer, seal bytea, content bytea, details bytea, attempts integer, due_ms bigint, failure text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'artifacts');
  shelves bytea[] := memkeep.shelves_of(c);
  found_ids uuid[] := '{}';
  verdict text := memkeep.admit_reading(c, 1);
  wanted uuid[] := p_ids;
begin
  -- What is named is looked up by its ids: of one condition for both ways all of the shelf would be read.
  if verdict = 'ok' and p_ids is null then
    wanted := array(select a.id from memkeep.artifact a
      where a.tenant = p_tenant and (shelves is null or a.subject = any (shelves)) and (a.place = 1) = p_cached
        and (p_kinds is null or a.kind = any (p_kinds)) and (p_states is null or a.state = any (p_states))
        and (p_before is null or a.id < p_before) and (a.expires_ms is null or a.expires_ms > c.at_ms)
      order by a.id desc limit least(p_limit, 1001));
  end if;
  if verdict = 'ok' then
    for outcome, subject, id, version, kind, place, state, sensitivity, trust, created_ms, updated_ms, expires_ms, derived_from,
      epoch, seal, content, details, attempts, due_ms, failure in
      select null, a.subject, a.id, a.version, a.kind, a.place, a.state, a.sensitivity, a.trust, a.created_ms, a.updated_ms,
        a.expires_ms, a.derived_from, a.epoch, a.seal, a.content, a.details, a.attempts, a.due_ms, a.failure
      from memkeep.artifact a
      where a.tenant = p_tenant and (shelves is null or a.subject = any (shelves)) and (a.place = 1) = p_cached
        and a.id = any (wanted) and (p_kinds is null or a.kind = any (p_kinds))
        and (p_states is null or a.state = any (p_states)) and (p_before is null or a.id < p_before)
        and (a.expires_ms is null or a.expires_ms > c.at_ms)
      order by a.id desc limit least(p_limit, 1001)
    loop
      found_ids := found_ids || id;
      return next;
    end loop;
    if p_ids is not null and found_ids = '{}' then verdict := 'missing'; end if;
  end if;
  perform memkeep.record(c, case when p_cached then 'cache.get' when p_ids is null then 'artifact.list' else 'artifact.get' end,
    verdict, coalesce(p_ids, found_ids), cardinality(found_ids), p_detail);
  return query select verdict, null::bytea, null::uuid, null::integer, null::text, null::smallint, null::smallint, null::smallint,
    null::smallint, null::bigint, null::bigint, null::bigint, null::uuid[], null::integer, null::bytea, null::bytea, null::bytea,
    null::integer, null::bigint, null::text;
end $$;
