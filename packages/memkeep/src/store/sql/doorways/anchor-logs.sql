-- owner: memkeep_upkeep_door
-- callers: memkeep_upkeep

-- Keeps what shows that one tick of the deployment's log committed to heads of tenants' logs; an older proof goes, and one in a log that ended. The first
-- argument is the deployment's own tag. Needs the right `upkeep`. Outcomes: ok, denied. The tick itself is the record of it.
create or replace function memkeep.anchor_logs(p_tenant bytea, p_token bytea, p_tenants bytea[], p_lines bigint[], p_sizes bigint[],
  p_heads text[], p_vkey text, p_proof text, p_detail bytea)
returns table (outcome text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'anchor_logs');
begin
  outcome := case when c.rights & 16384 = 0 then 'denied' else 'ok' end;
  return next;
  if outcome <> 'ok' then
    perform memkeep.record(c, 'upkeep.sequence', outcome, '{}', 0, p_detail);
    return;
  end if;
  insert into memkeep.anchor as a (tenant, line, size, vkey, proof, head)
    select h.tenant, h.line, h.size, p_vkey, p_proof, h.head
    from unnest(p_tenants, p_lines, p_sizes, p_heads) as h (tenant, line, size, head) order by h.tenant
    on conflict (tenant, line) do update set size = excluded.size, vkey = excluded.vkey, proof = excluded.proof, head = excluded.head,
      witness = '', cosigned = ''
      where a.size < excluded.size or (a.size = excluded.size and a.vkey <> excluded.vkey);
  perform set_config('memkeep.claims', '', true);
end $$;
