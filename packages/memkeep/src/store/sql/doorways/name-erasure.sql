-- owner: memkeep_erase_door
-- callers: memkeep_app

-- Puts the sealed ids of whom an open erasure is of, where it has none: one that was repeated after a restore knows tags alone, and other stores go by ids. Needs the
-- right `erasing`. Outcomes: ok, denied, missing, conflict (it is done).
create or replace function memkeep.name_erasure(p_tenant bytea, p_token bytea, p_id uuid, p_names bytea, p_detail bytea)
returns table (outcome text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'name_erasure');
begin
  select t.outcome into name_erasure.outcome from memkeep.take_erasure(c, p_id) t;
  if outcome = 'ok' then
    update memkeep.erasure e set names = p_names where e.tenant = p_tenant and e.id = p_id and e.names is null;
  end if;
  perform memkeep.record(c, 'erasure.named', outcome, '{}', 0, p_detail);
  return next;
end $$;
