-- owner: memkeep_erase_door
-- callers: memkeep_app

-- Ids of up to three memories, three that are held and three artifacts of the scope, whatever their label: an erasure notes them in its plan, and asks every
-- read path for them when it verifies. Needs the right `erasing`. One more row brings the outcome (ok, denied).
create or replace function memkeep.known_of_scope(p_tenant bytea, p_token bytea, p_detail bytea)
returns table (outcome text, what text, id uuid)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'known_of_scope');
  low bytea := memkeep.claim_lowest(65536);
  high bytea := memkeep.claim_highest(65536);
begin
  outcome := case when c.rights & 65536 = 0 then 'denied' else 'ok' end;
  return next;
  if outcome = 'ok' then
    return query (select null::text, 'memory', m.id from memkeep.memory m
      where m.tenant = p_tenant and m.subject >= low and m.subject <= high limit 3);
    return query (select null::text, 'held', a.id from memkeep.aside a
      where a.tenant = p_tenant and a.subject >= low and a.subject <= high limit 3);
    return query (select null::text, 'artifact', a.id from memkeep.artifact a
      where a.tenant = p_tenant and a.subject >= low and a.subject <= high limit 3);
    -- As list_erasures: the look of a step at its own erasure is no event.
    perform set_config('memkeep.claims', '', true);
  else
    perform memkeep.record(c, 'erasure.inspected', outcome, '{}', 0, p_detail);
  end if;
end $$;
