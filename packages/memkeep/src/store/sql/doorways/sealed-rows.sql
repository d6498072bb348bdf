-- owner: memkeep_door
-- callers: memkeep_app

-- What of one shelf is sealed under a key before p_version, page by page in the order of the ids after p_after: memories (part 2), earlier
-- versions (6), what is held or superseded (7; its verdict as `content` of 8), and artifacts with no key of their own (5); also what has
-- expired. The outcome's row (part 0) brings the last id that was looked at, null when there is none after it. Needs the rights to
-- read (1) and to write (2), on the common shelf `common` too, and full clearance. Outcomes: ok, denied, barred, epoch, policy, unknown.
create or replace function memkeep.sealed_rows(p_tenant bytea, p_token bytea, p_version integer, p_after uuid, p_limit integer,
  p_detail bytea)
returns setof memkeep.reading
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'sealed_rows');
  answer memkeep.reading;
  ids uuid[] := '{}';
  number integer := 0;
  newest bytea := int4send(p_version);
begin
  answer.part := 0;
  answer.outcome := case when c.reach <> 2 and c.clearance = 7 and c.writable = 7
    then memkeep.admit_reading(c, case when c.reach = 0 then 1 | 2 | 8 else 1 | 2 end) else 'denied' end;
  if answer.outcome = 'ok' then
    ids := array(select w.id from (
      select m.id from memkeep.memory m where m.tenant = c.tenant and m.subject = c.shelf and m.id > p_after
      union all
      select v.id from memkeep.memory_version v where v.tenant = c.tenant and v.subject = c.shelf and v.id > p_after
      union all
      select a.id from memkeep.aside a where a.tenant = c.tenant and a.subject = c.shelf and a.id > p_after
      union all
      select f.id from memkeep.artifact f where f.tenant = c.tenant and f.subject = c.shelf and f.id > p_after
      ) w order by w.id limit least(p_limit, 1000));
    answer.id := ids[cardinality(ids)];
    -- A sealed record names the version of its key after its first byte, in the order of numbers.
    return query
      select null::text, 2::smallint, m.subject, m.shelf_version, m.id, m.version, m.sensitivity, m.trust, m.actor, m.kind, m.at_ms,
        m.created_ms, m.updated_ms, m.expires_ms, m.derived_from, m.epoch, m.content, m.details, m.entry
      from memkeep.memory m where m.tenant = c.tenant and m.subject = c.shelf and m.id = any (ids) and m.epoch = c.shelf_epoch
        and least(substring(m.content from 2 for 4), substring(m.details from 2 for 4), substring(m.entry from 2 for 4)) < newest
      union all
      select null, 6::smallint, v.subject, null, v.id, v.version, v.sensitivity, v.trust, v.actor, v.kind, v.at_ms,
        v.created_ms, v.updated_ms, v.expires_ms, v.derived_from, v.epoch, v.content, v.details, null
      from memkeep.memory_version v where v.tenant = c.tenant and v.subject = c.shelf and v.id = any (ids) and v.epoch = c.shelf_epoch
        and least(substring(v.content from 2 for 4), substring(v.details from 2 for 4)) < newest
      union all
      select null, h.part, a.subject, null, a.id, a.version, a.sensitivity, a.trust, a.actor, a.kind, a.at_ms, a.created_ms, a.updated_ms,
        a.expires_ms, a.derived_from, a.epoch, case h.part when 7 then a.content else a.verdict end, a.details, a.entry
      from memkeep.aside a, (values (7::smallint), (8::smallint)) as h (part)
      where a.tenant = c.tenant and a.subject = c.shelf and a.id = any (ids) and a.epoch = c.shelf_epoch
        and (h.part = 7 or a.verdict is not null) and least(substring(a.content from 2 for 4),
          substring(a.details from 2 for 4), substring(a.entry from 2 for 4), substring(a.verdict from 2 for 4)) < newest
      union all
      select null, 5::smallint, f.subject, null, f.id, f.version, f.sensitivity, f.trust, f.place, f.kind, null, f.created_ms,
        f.updated_ms, f.expires_ms, f.derived_from, f.epoch, f.content, f.details, null
      from memkeep.artifact f where f.tenant = c.tenant and f.subject = c.shelf and f.id = any (ids) and f.epoch = c.shelf_epoch
        and f.seal is null and f.state = 0 and f.place <> 1
        and least(substring(f.content from 2 for 4), substring(f.details from 2 for 4)) < newest;
    get diagnostics number = row_count;
  end if;
  perform memkeep.record(c, 'shelf.load', answer.outcome, '{}', number, p_detail);
  return next answer;
end $$;
