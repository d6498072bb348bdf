-- owner: memkeep_upkeep_door
-- callers: memkeep_upkeep

-- Events of all tenants that have no place in their log yet, those longest waiting first. The first argument is the
-- deployment's own tag. Needs the right `upkeep`. Events of the tenants p_except are left out. Part 0: the outcome (ok, denied). Part 1: which, in their order. Part 2:
-- the events themselves, in any order. Part 3: where the newest log of each of their tenants stands; none for one that has none. Part 4:
-- the line that all logs are in.
-- An earlier build's answer had other columns, which a function that is only replaced cannot change.
drop function if exists memkeep.pending_events(bytea, bytea, integer, bytea[], bytea);
create or replace function memkeep.pending_events(p_tenant bytea, p_token bytea, p_limit integer, p_except bytea[],
  p_detail bytea)
returns table (part smallint, outcome text, tenant bytea, id uuid, class smallint, action text, reach smallint, subject bytea,
  principal bytea, at_ms bigint, memories uuid[], affected integer, detail bytea, line integer, size bigint, vkey text, note text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'pending_events');
  -- What is under way commits after this look, and is in the next one.
  tenants bytea[]; ids uuid[]; classes smallint[]; periods smallint[];
  group_of record;
begin
  part := 0;
  outcome := case when c.rights & 16384 = 0 then 'denied' else 'ok' end;
  return next;
  if outcome <> 'ok' then
    perform memkeep.record(c, 'upkeep.sequence', outcome, '{}', 0, p_detail);
    return;
  end if;
  select array_agg(o.tenant), array_agg(o.id), array_agg(o.class), array_agg(o.period) into tenants, ids, classes, periods from (
    select p.tenant, p.id, p.class, p.period from memkeep.pending p where p.tenant <> all (p_except)
    order by p.xid, p.id limit least(p_limit, 20000)
  ) as o;
  if tenants is null then
    perform set_config('memkeep.claims', '', true);
    return;
  end if;
  return query select 1::smallint, null::text, o.tenant, o.id, null::smallint, null::text, null::smallint, null::bytea, null::bytea,
    null::bigint, null::uuid[], null::integer, null::bytea, null::integer, null::bigint, null::text, null::text
    from unnest(tenants, ids) with ordinality as o (tenant, id, place) order by o.place;
  for group_of in select o.tenant, o.class, o.period, array_agg(o.id) as ids
    from unnest(tenants, ids, classes, periods) as o (tenant, id, class, period) group by 1, 2, 3
  loop
    return query select 2::smallint, e.outcome::text, e.tenant, e.id, e.class, e.action::text, e.reach, e.subject, e.principal,
      e.at_ms, e.memories, e.affected, e.detail, null::integer, null::bigint, null::text, null::text
      from memkeep.event e where e.tenant = group_of.tenant and e.id = any (group_of.ids)
        and e.class = group_of.class and e.period = group_of.period;
  end loop;
  return query select distinct on (l.tenant) 3::smallint, null::text, l.tenant, null::uuid, null::smallint, null::text, null::smallint,
    null::bytea, null::bytea, null::bigint, null::uuid[], null::integer, null::bytea, l.line, l.size, l.vkey, l.note
    from memkeep.log l where l.tenant = any (tenants) order by l.tenant, l.line desc;
  return query select 4::smallint, null::text, null::bytea, null::uuid, null::smallint, null::text, null::smallint, null::bytea,
    null::bytea, null::bigint, null::uuid[], null::integer, null::bytea, l.line, null::bigint, null::text, null::text
    from memkeep.log_line l where l.tenant = p_tenant;
  perform set_config('memkeep.claims', '', true);
end $$;
