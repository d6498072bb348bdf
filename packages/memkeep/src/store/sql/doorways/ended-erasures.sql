-- owner: memkeep_upkeep_door
-- callers: memkeep_app

-- Erasures of any tenant that are done, and whose bar and record may go: the last backup that could hold the scope has gone, and a day has
-- passed since the end, so that no scope, token or cached claim from before it is left. The first argument is the deployment's own tag. Needs
-- the right `erasing`. One more row brings the outcome (ok, denied).
create or replace function memkeep.ended_erasures(p_tenant bytea, p_token bytea, p_limit integer, p_detail bytea)
returns table (outcome text, tenant bytea, id uuid, kind smallint, subject bytea, epoch integer)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'ended_erasures');
  number integer := 0;
begin
  outcome := case when c.rights & 65536 = 0 then 'denied' else 'ok' end;
  return next;
  if outcome = 'ok' then
    return query select null::text, e.tenant, e.id, e.kind, e.subject, e.epoch from memkeep.erasure e
      where e.state = 1 and e.until_ms < c.at_ms and e.done_ms < c.at_ms - 86400000
      order by e.until_ms limit least(p_limit, 1000);
    get diagnostics number = row_count;
  end if;
  -- A look that found nothing told nothing: it leaves no event.
  if outcome = 'ok' and number = 0 then
    perform set_config('memkeep.claims', '', true);
  else
    perform memkeep.record(c, 'upkeep.erasures', outcome, '{}', number, p_detail);
  end if;
end $$;
