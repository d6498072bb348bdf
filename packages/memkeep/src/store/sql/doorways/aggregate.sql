-- owner: memkeep_upkeep_door
-- callers: memkeep_app

-- What the whole deployment holds, over all open tenants. The first argument is the deployment's own tag. Needs the right `aggregates`
-- (4194304). A number is given only where at least ten tenants stand behind it and none of them for more than half of it, and
-- rounded down to two digits: else it is null. What is less than that is decided here, and told to nobody, the caller's process neither. The event says
-- nothing of how many there were. Outcomes: ok, denied.
create or replace function memkeep.aggregate(p_tenant bytea, p_token bytea, p_detail bytea)
returns table (outcome text, name text, total bigint)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'aggregate');
begin
  outcome := case when c.rights & 4194304 = 0 then 'denied' else 'ok' end;
  return next;
  if outcome = 'ok' then
    return query
      select null::text, w.name, case when w.sources >= 10 and w.most * 2 <= w.total then
          (trunc(w.total / power(10::numeric, greatest(floor(log(greatest(w.total, 1))) - 1, 0)))
            * power(10::numeric, greatest(floor(log(greatest(w.total, 1))) - 1, 0)))::bigint end
      from (
        select v.name, count(*) filter (where v.held > 0) as sources, max(v.held) as most, sum(v.held) as total
        from (
          select t.tenant, count(*) filter (where s.memories > 0 and s.name is not null) as subjects, coalesce(sum(s.memories), 0) as memories,
            coalesce(sum(s.bytes), 0) as bytes
          from memkeep.tenant t left join memkeep.shelf s on s.tenant = t.tenant and s.state = 0
          where t.state = 0 group by t.tenant
        ) o, lateral (values ('tenants', 1::numeric), ('subjects', o.subjects::numeric), ('memories', o.memories::numeric),
          ('bytes', o.bytes::numeric)) as v (name, held)
        group by v.name
      ) w order by w.name;
  end if;
  perform memkeep.record(c, 'aggregate.read', outcome, '{}', 0, p_detail);
end $$;
