-- owner: memkeep_derive_door
-- callers: memkeep_door

-- Holds the token's shelf as it is until this call has ended, for one that may write nothing there: no bar passes it meanwhile. False when there is none. Runs as
-- a role that may lock any shelf of the tenant and change none.
create or replace function memkeep.hold_shelf(c memkeep.claims) returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp as $$
begin
  perform 1 from memkeep.shelf s where s.tenant = c.tenant and s.subject = c.shelf for share;
  return found;
end $$;
