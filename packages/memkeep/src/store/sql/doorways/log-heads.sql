-- owner: memkeep_upkeep_door
-- callers: memkeep_upkeep

-- The newest head of every tenant's log in the order of their tags, after the given one; and the size that is anchored already, and in the log of which key.
-- The deployment's own log is among them. The first argument is the deployment's own tag. Needs the right `upkeep`. One more
-- row brings the outcome (ok, denied).
-- An earlier build's answer had other columns, which a function that is only replaced cannot change.
drop function if exists memkeep.log_heads(bytea, bytea, bytea, integer, bytea);
create or replace function memkeep.log_heads(p_tenant bytea, p_token bytea, p_after bytea, p_limit integer, p_detail bytea)
returns table (outcome text, tenant bytea, line integer, size bigint, signed_ms bigint, note text, vkey text, anchored bigint, anchored_in text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'log_heads');
begin
  outcome := case when c.rights & 16384 = 0 then 'denied' else 'ok' end;
  return next;
  if outcome <> 'ok' then
    perform memkeep.record(c, 'upkeep.sequence', outcome, '{}', 0, p_detail);
    return;
  end if;
  return query select null::text, l.tenant, l.line, l.size, l.signed_ms, l.note, l.vkey, a.size, a.vkey from (
      select distinct on (o.tenant) o.* from memkeep.log o where o.tenant > p_after
      order by o.tenant, o.line desc limit least(p_limit, 10000)
    ) as l left join memkeep.anchor a on a.tenant = l.tenant and a.line = l.line
    order by l.tenant;
  perform set_config('memkeep.claims', '', true);
end $$;
