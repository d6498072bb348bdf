-- owner: memkeep_erase_door
-- callers: memkeep_app

-- Erasures of exactly the token's scope (one subject; reach all: the tenant), newest first, or the one with the id p_id, which for reach all with
-- the right `tenant` may be that of any subject of the tenant: nobody gets a credential for who was erased; each with its steps, a row a step (`step` null: the erasure itself). Answered for a barred scope too. Needs the right `erase` (or `erasing`).
-- One more row brings the outcome (ok, denied).
drop function if exists memkeep.list_erasures(bytea, bytea, uuid, bytea);
create or replace function memkeep.list_erasures(p_tenant bytea, p_token bytea, p_id uuid, p_detail bytea)
returns table (outcome text, id uuid, kind smallint, subject bytea, epoch integer, state smallint, after smallint, reason smallint,
  asked_by smallint, principal bytea, scope_commit bytea, names bytea, requested_ms bigint, barred_ms bigint, done_ms bigint,
  until_ms bigint, report bytea, step text, began_ms bigint, ended_ms bigint, notes text, mac bytea, seal bytea)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'list_erasures');
begin
  outcome := case when c.rights & (128 | 65536) = 0 or c.reach = 0 then 'denied' else 'ok' end;
  return next;
  if outcome = 'ok' then
    return query
      with found as (
        select * from memkeep.erasure e
        where e.tenant = p_tenant and (p_id is null or e.id = p_id)
          and (e.subject = c.shelf and e.kind = case c.reach when 2 then 1 else 0 end
            or e.id = p_id and c.reach = 2 and c.rights & 16 <> 0)
        order by e.id desc limit 100
      )
      select null::text, e.id, e.kind, e.subject, e.epoch, e.state, e.after, e.reason, e.asked_by, e.principal, e.scope_commit,
        e.names, e.requested_ms, e.barred_ms, e.done_ms, e.until_ms, e.report, null::text, null::bigint, null::bigint, null::text, null::bytea, e.seal
      from found e
      union all
      select null::text, s.erasure, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, s.step,
        s.began_ms, s.ended_ms, s.notes, s.mac, null
      from memkeep.erasure_step s join found e on s.tenant = p_tenant and s.erasure = e.id;
  end if;
  -- The look of a step at its own erasure is no event: what the step does is one.
  if c.rights & 65536 <> 0 then
    perform set_config('memkeep.claims', '', true);
  else
    perform memkeep.record(c, 'erasure.list', outcome, '{}', 0, p_detail);
  end if;
end $$;
