-- owner: memkeep_door
-- callers: memkeep_app

-- Leaves in the ledger that searches of this principal walk what it reads: p_number memories until now. Outcomes: ok, denied, barred, epoch, policy, unknown.
create or replace function memkeep.note_enumeration(p_tenant bytea, p_token bytea, p_number integer, p_detail bytea)
returns table (outcome text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'note_enumeration');
begin
  outcome := memkeep.admit_reading(c, 1);
  perform memkeep.record(c, 'disclosure.enumeration', outcome, '{}', p_number, p_detail);
  return next;
end $$;
