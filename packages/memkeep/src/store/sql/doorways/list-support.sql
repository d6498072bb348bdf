-- owner: memkeep_erase_door
-- callers: memkeep_app

-- Support access to the tenant, what has ended too, newest first; with p_id that one alone. Needs the right `support`. One more row brings the
-- outcome (ok, denied).
create or replace function memkeep.list_support(p_tenant bytea, p_token bytea, p_id uuid, p_detail bytea)
returns table (outcome text, id uuid, subject bytea, stated bytea, second boolean, requested_ms bigint, expires_ms bigint,
  approval bytea, approved_ms bigint, ended_ms bigint)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'list_support');
  number integer := 0;
begin
  outcome := case when c.rights & 2097152 = 0 then 'denied' else 'ok' end;
  return next;
  if outcome = 'ok' then
    return query select null::text, g.id, g.subject, g.stated, g.second, g.requested_ms, g.expires_ms, g.approval, g.approved_ms,
      g.ended_ms from memkeep.support g where g.tenant = p_tenant and (p_id is null or g.id = p_id) order by g.id desc limit 1000;
    get diagnostics number = row_count;
  end if;
  perform memkeep.record(c, 'support.list', outcome, '{}', number, p_detail);
end $$;
