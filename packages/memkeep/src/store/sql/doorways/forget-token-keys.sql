-- owner: memkeep_seal
-- callers: memkeep_upkeep

-- Drops every token key: after a restore, so that what verified tokens in the backup (which somebody may have read) verifies
-- none any more. The next ones are installed by whoever calls this. A doorway without a tenant, as install_token_key is.
create or replace function memkeep.forget_token_keys() returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
begin
  delete from memkeep.token_key;
end $$;
