-- owner: memkeep_wide_door
-- callers: memkeep_app

-- Several shelves of a tenant, for a tenant-wide reach, one after the other in the order of p_subjects: each begins with its version (part 1; 0 when there is no such
-- shelf), then come its sealed entries as the first page of `wide_load` brings them (part 3), until there are p_limit of all. What stands behind the last shelf that was begun was not
-- reached, and of that one there may be more. One more row brings the outcome: ok, denied, barred, epoch, policy, unknown.
create or replace function memkeep.load_shelves(p_tenant bytea, p_token bytea, p_subjects bytea[], p_limit integer, p_detail bytea)
returns setof memkeep.reading
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'load_shelves');
  answer memkeep.reading;
  head memkeep.reading;
  place integer := 0;
  room integer := least(p_limit, 5000);
  number integer;
begin
  answer.part := 0;
  answer.outcome := memkeep.admit_reading(c, 1);
  return next answer;
  head.part := 1;
  while answer.outcome = 'ok' and room > 0 and place < cardinality(p_subjects) loop
    place := place + 1;
    head.shelf_version :=
      coalesce((select s.version from memkeep.shelf s where s.tenant = c.tenant and s.subject = p_subjects[place]), 0);
    return next head;
    return query select * from memkeep.entries_behind(c, p_subjects[place], -1, '00000000-0000-0000-0000-000000000000', room);
    get diagnostics number = row_count;
    room := room - number;
  end loop;
  perform memkeep.record(c, 'shelf.load', answer.outcome, '{}', least(p_limit, 5000) - room, p_detail);
end $$;
