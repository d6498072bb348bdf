-- owner: memkeep_erase_door
-- callers: memkeep_app

-- Ends an erasure: keeps its report and forgets the sealed names. One that is done keeps the report that it has. Needs the
-- right `erasing`. `report` is the one that stands. Outcomes: ok, denied, missing.
create or replace function memkeep.finish_erasure(p_tenant bytea, p_token bytea, p_id uuid, p_report bytea, p_detail bytea)
returns table (outcome text, report bytea)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'finish_erasure');
  taken record;
begin
  taken := memkeep.take_erasure(c, p_id);
  outcome := taken.outcome;
  report := p_report;
  if outcome = 'ok' then
    update memkeep.erasure e set state = 1, names = null, report = p_report, done_ms = c.at_ms
      where e.tenant = p_tenant and e.id = p_id;
  elsif outcome = 'conflict' then
    outcome := 'ok';
    report := (taken.e).report;
  end if;
  perform memkeep.record(c, 'erasure.attested', outcome, '{}', 0, p_detail);
  return next;
end $$;
