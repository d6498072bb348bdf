-- owner: memkeep_door
-- callers: memkeep_app

-- Notes that readers (tags of a session or a principal) were shown something of that trust by scopes of this shelf: what they say from
-- now on without naming a source is trusted no more. What was shown tenant-wide is noted on the common shelf, and goes for every shelf. Needs no
-- right of its own: whoever was shown something had one, and it lowers nobody else. Called when it is the lowest yet that a process knows of.
-- Outcomes: ok, denied, barred, epoch, policy, unknown.
create or replace function memkeep.note_recalled(p_tenant bytea, p_token bytea, p_readers bytea[], p_trust smallint, p_detail bytea)
returns table (outcome text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'note_recalled');
begin
  -- A bar comes before this, or finds what this leaves: it takes the shelf's lock, and where there is no shelf the tenant's row.
  if not memkeep.hold_shelf(c) then
    perform 1 from memkeep.tenant t where t.tenant = p_tenant for no key update;
  end if;
  outcome := memkeep.admit_reading(c, 0);
  if outcome = 'ok' then
    perform memkeep.note_shown(c, p_readers, array_fill(p_trust, array[cardinality(p_readers)]));
  end if;
  perform memkeep.record(c, 'memory.note', outcome, '{}', 0, p_detail);
  return next;
end $$;
