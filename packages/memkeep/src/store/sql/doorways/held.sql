-- owner: memkeep_door
-- callers: memkeep_app
-- twin: wide_held memkeep_wide_door

-- What is held for review, in the order of ids after p_after, or the one that is p_id: part 2, with the sealed verdict in the place of the
-- entry; and part 0. Needs the right `review` (512). Outcomes: ok, missing, budget, denied, barred, epoch, policy, unknown.
create or replace function memkeep.held(p_tenant bytea, p_token bytea, p_id uuid, p_after uuid, p_limit integer, p_detail bytea)
returns setof memkeep.reading
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'held');
  answer memkeep.reading;
  row memkeep.reading;
  ids uuid[] := '{}';
  shelves bytea[] := memkeep.shelves_of(c);
begin
  answer.part := 0;
  answer.outcome := memkeep.admit_reading(c, 512);
  if answer.outcome = 'ok' then
    -- Each way by itself: of one condition for both all that is aside would be read for the one.
    if p_id is not null then
      ids := array(select a.id from memkeep.aside a
        where a.tenant = p_tenant and (shelves is null or a.subject = any (shelves)) and a.why < 2 and a.id = p_id
          and (a.expires_ms is null or a.expires_ms > c.at_ms));
    else
      ids := array(select a.id from memkeep.aside a
        where a.tenant = p_tenant and (shelves is null or a.subject = any (shelves)) and a.why < 2 and a.id > p_after
          and (a.expires_ms is null or a.expires_ms > c.at_ms)
        order by a.id limit least(p_limit, 1000));
    end if;
    answer.outcome := memkeep.disclose(c, case when p_id is null then cardinality(ids) else 1 end);
    if answer.outcome <> 'ok' then ids := '{}'; end if;
  end if;
  if answer.outcome = 'ok' then
    for row in
      select null, 2::smallint, a.subject, a.aside_ms, a.id, a.version, a.sensitivity, a.trust, a.actor, a.kind, a.at_ms, a.created_ms,
        a.updated_ms, a.expires_ms, a.derived_from, a.epoch, a.content, a.details, a.verdict
      from memkeep.aside a
      where a.tenant = p_tenant and (shelves is null or a.subject = any (shelves)) and a.id = any (ids)
      order by a.id
    loop
      return next row;
    end loop;
    if p_id is not null and cardinality(ids) = 0 then answer.outcome := 'missing'; end if;
  end if;
  perform memkeep.record(c, case when p_id is null then 'quarantine.list' else 'quarantine.get' end, answer.outcome, ids,
    cardinality(ids), p_detail);
  return next answer;
end $$;
