-- owner: memkeep_derive_door
-- callers: memkeep_app

-- Queues a hidden entry of the library anew, also one that no more tries were made of. Needs the right `library`. Outcomes: ok, missing, denied.
create or replace function memkeep.retry_entry(p_tenant bytea, p_token bytea, p_id uuid, p_detail bytea)
returns table (outcome text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'retry_entry');
begin
  outcome := case when c.rights & 524288 = 0 then 'denied' else 'ok' end;
  if outcome = 'ok' then
    update memkeep.library_entry e set state = 1, attempts = 0, due_ms = c.at_ms, failure = null
      where e.tenant = p_tenant and e.id = p_id and e.state <> 0;
    if not found then outcome := 'missing'; end if;
  end if;
  perform memkeep.record(c, 'library.retry', outcome, array[p_id], case when outcome = 'ok' then 1 else 0 end, p_detail);
  return next;
end $$;
