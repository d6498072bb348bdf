-- owner: memkeep_erase_door
-- callers: memkeep_app

-- Ids of the scope's values in the cache, whatever their label, for an erasure to remove them there. Needs the right `erasing`. One more row brings the outcome (ok, denied).
create or replace function memkeep.cached_of_scope(p_tenant bytea, p_token bytea, p_detail bytea)
returns table (outcome text, id uuid)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'cached_of_scope');
  number integer := 0;
begin
  outcome := case when c.rights & 65536 = 0 then 'denied' else 'ok' end;
  return next;
  if outcome = 'ok' then
    return query select null::text, a.id from memkeep.artifact a where a.tenant = p_tenant and a.place = 1
      and a.subject >= memkeep.claim_lowest(65536) and a.subject <= memkeep.claim_highest(65536);
    get diagnostics number = row_count;
  end if;
  -- As list_erasures: the look of a step that found nothing is no event.
  if outcome = 'ok' and number = 0 then
    perform set_config('memkeep.claims', '', true);
  else
    perform memkeep.record(c, 'erasure.inspected', outcome, '{}', number, p_detail);
  end if;
end $$;
