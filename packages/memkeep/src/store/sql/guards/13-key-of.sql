-- owner: memkeep_erase_door
-- callers: memkeep_door memkeep_upkeep_door

-- Whether a key may be made for p_subject: `barred` when its shelf is. Under the tenant's row, as a bar is: the key is there before the bar, whose
-- erasure deletes it, or it is told so. Runs as the role that bars, as neither of its callers sees another shelf than its own.
create or replace function memkeep.admit_key_of(c memkeep.claims, p_subject bytea) returns text
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp as $$
begin
  perform 1 from memkeep.tenant t where t.tenant = c.tenant for no key update;
  perform 1 from memkeep.shelf s where s.tenant = c.tenant and s.subject = p_subject and s.state <> 0;
  return case when found then 'barred' else 'ok' end;
end $$;
