-- owner: memkeep_door
-- callers: memkeep_app
-- twin: wide_load memkeep_wide_door

-- One page of a shelf's sealed entries, in the order (shelf_version, id) after the given cursor.
-- One more row brings the outcome and the shelf's version when this page was read (0 when there is no such shelf).
-- Outcomes: ok, denied, barred, epoch, policy, unknown.
create or replace function memkeep.load(p_tenant bytea, p_token bytea, p_subject bytea, p_after_version bigint,
  p_after_id uuid, p_limit integer, p_detail bytea)
returns setof memkeep.reading
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'load');
  answer memkeep.reading;
  shelves bytea[] := memkeep.shelves_of(c);
  number integer := 0;
begin
  answer.part := 0;
  answer.shelf_version := 0;
  answer.outcome := memkeep.admit_reading(c, 1);
  if answer.outcome = 'ok' and shelves is not null and p_subject <> all (shelves) then answer.outcome := 'denied'; end if;
  if answer.outcome = 'ok' then
    select s.version into answer.shelf_version from memkeep.shelf s where s.tenant = c.tenant and s.subject = p_subject;
    answer.shelf_version := coalesce(answer.shelf_version, 0);
  end if;
  return next answer;
  if answer.outcome = 'ok' then
    return query select * from memkeep.entries_behind(c, p_subject, p_after_version, p_after_id, least(p_limit, 5000));
    get diagnostics number = row_count;
  end if;
  perform memkeep.record(c, 'shelf.load', answer.outcome, '{}', number, p_detail);
end $$;
