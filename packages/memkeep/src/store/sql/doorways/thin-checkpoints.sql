-- owner: memkeep_retain_door
-- callers: memkeep_upkeep

-- Takes away signed checkpoints that nobody needs: of the logs of p_limit tenants after p_after. One that is older than a day goes
-- unless it is the last of its hour, one older than 30 days unless it is the last of its day. What stays in any case: a log's
-- newest, and one that the deployment's log committed to. The first argument is the deployment's own tag. Needs the right `upkeep`.
-- Outcomes: ok, denied. `past` is the last tenant that was looked at; null: there are no more.
create or replace function memkeep.thin_checkpoints(p_tenant bytea, p_token bytea, p_after bytea, p_limit integer, p_detail bytea)
returns table (outcome text, past bytea, thinned integer)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'thin_checkpoints');
  removed integer;
begin
  thinned := 0;
  outcome := case when c.rights & 16384 = 0 then 'denied' else 'ok' end;
  if outcome = 'ok' then
    for past in select distinct l.tenant from memkeep.log l where l.tenant > p_after order by l.tenant limit least(p_limit, 10000)
    loop
      delete from memkeep.checkpoint k using (
        select o.line, o.size, o.signed_ms,
          lead(o.signed_ms) over (partition by o.line order by o.size) as next_ms,
          case when o.signed_ms < c.at_ms - 2592000000 then 86400000 else 3600000 end as width
        from memkeep.checkpoint o where o.tenant = past and o.signed_ms < c.at_ms - 86400000
      ) as old
        where k.tenant = past and k.line = old.line and k.size = old.size and old.next_ms / old.width = old.signed_ms / old.width
          and not exists (select from memkeep.anchor a where a.tenant = past and a.line = old.line and a.size = old.size);
      get diagnostics removed = row_count;
      thinned := thinned + removed;
    end loop;
  end if;
  -- A pass that took nothing away is no event.
  if outcome = 'ok' and thinned = 0 then
    perform set_config('memkeep.claims', '', true);
  else
    perform memkeep.record(c, 'upkeep.thin', outcome, '{}', thinned, p_detail);
  end if;
  return next;
end $$;
