-- owner: memkeep_door
-- callers: memkeep_upkeep

-- Removes what has expired on one shelf at the token's time: memories with their versions, answers to idempotent calls,
-- and removal rows older than an hour; and what principals of the tenant were shown two days ago and before. Needs the right `upkeep`. Outcomes: ok, denied, barred, epoch.
create or replace function memkeep.sweep(p_tenant bytea, p_token bytea, p_detail bytea)
returns table (outcome text, ids uuid[])
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'sweep');
  current_version bigint;
begin
  ids := '{}';
  outcome := case when c.rights & 16384 = 0 then 'denied' else 'ok' end;
  if outcome = 'ok' then select * into outcome, current_version from memkeep.lock_shelf(c, null, false, null); end if;
  if outcome = 'ok' then
    -- Not before it was distilled: an episode that waits for that is out of sight, and not lost.
    ids := memkeep.remove(c, '{}', false, c.at_ms, current_version + 1);
    delete from memkeep.request r where r.tenant = p_tenant and r.subject = c.shelf and r.until_ms <= c.at_ms;
    delete from memkeep.disclosed d where d.tenant = p_tenant and d.from_ms < c.at_ms - 172800000;
    with gone as (
      delete from memkeep.artifact a where a.tenant = p_tenant and a.subject = c.shelf and a.expires_ms <= c.at_ms returning a.id
    )
    delete from memkeep.contribution k using gone g where k.tenant = p_tenant and k.shelf = c.shelf and k.artifact = g.id;
    with gone as (
      delete from memkeep.removal r
      where r.tenant = p_tenant and r.subject = c.shelf and r.removed_ms < c.at_ms - 3600000 returning r.shelf_version
    )
    update memkeep.shelf s set floor = greatest(s.floor, coalesce((select max(shelf_version) from gone), 0)),
      due_ms = least(
        (select min(m.expires_ms) from memkeep.memory m where m.tenant = p_tenant and m.subject = c.shelf),
        (select min(a.expires_ms) from memkeep.aside a where a.tenant = p_tenant and a.subject = c.shelf),
        -- Not of what is held or superseded: it is distilled when it is a memory again.
        (select min(u.due_ms) from memkeep.undistilled u
          join memkeep.memory m on m.tenant = u.tenant and m.subject = u.subject and m.id = u.id
          where u.tenant = p_tenant and u.subject = c.shelf),
        (select min(r.until_ms) from memkeep.request r where r.tenant = p_tenant and r.subject = c.shelf),
        (select min(a.expires_ms) from memkeep.artifact a where a.tenant = p_tenant and a.subject = c.shelf),
        (select min(r.removed_ms) + 3600000 from memkeep.removal r where r.tenant = p_tenant and r.subject = c.shelf))
      where s.tenant = p_tenant and s.subject = c.shelf;
  end if;
  perform memkeep.record(c, 'memory.expire', outcome, ids, cardinality(ids), p_detail);
  return next;
end $$;
