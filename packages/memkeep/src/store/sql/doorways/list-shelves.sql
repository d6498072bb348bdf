-- owner: memkeep_wide_door
-- callers: memkeep_app

-- The open shelves of a tenant, for a tenant-wide reach: their tags, versions and sealed subject names (null: common).
-- One more row brings the outcome (ok, denied, barred, epoch, policy, unknown).
create or replace function memkeep.list_shelves(p_tenant bytea, p_token bytea, p_detail bytea)
returns table (outcome text, subject bytea, version bigint, name bytea)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'list_shelves');
  number integer := 0;
begin
  outcome := memkeep.admit(c, 1 | 16);
  return next;
  if outcome = 'ok' then
    return query select null::text, s.subject, s.version, s.name from memkeep.shelf s
      where s.tenant = p_tenant and s.state = 0 order by s.subject;
    get diagnostics number = row_count;
  end if;
  perform memkeep.record(c, 'shelf.list', outcome, '{}', number, p_detail);
end $$;
