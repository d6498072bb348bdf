-- owner: memkeep_erase_door
-- callers: memkeep_app

-- Legal holds of the tenant, released ones too, newest first. Needs the right `holds`. One more row brings the outcome (ok,
-- denied).
create or replace function memkeep.list_holds(p_tenant bytea, p_token bytea, p_detail bytea)
returns table (outcome text, id uuid, subject bytea, reason bytea, placed_ms bigint, released_ms bigint)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'list_holds');
begin
  outcome := case when c.rights & 131072 = 0 then 'denied' else 'ok' end;
  return next;
  if outcome = 'ok' then
    return query select null::text, h.id, h.subject, h.reason, h.placed_ms, h.released_ms from memkeep.hold h
      where h.tenant = p_tenant order by h.id desc;
  end if;
  perform memkeep.record(c, 'hold.list', outcome, '{}', 0, p_detail);
end $$;
