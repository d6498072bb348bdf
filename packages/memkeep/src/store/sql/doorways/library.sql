-- owner: memkeep_door
-- callers: memkeep_app

-- The library of the deployment (p_home: its own tag) as a call of any tenant reads it: what can be read, within its clearance. One more row brings the
-- outcome (ok, denied, barred, epoch, policy, unknown).
create or replace function memkeep.library(p_tenant bytea, p_token bytea, p_home bytea, p_detail bytea)
returns table (outcome text, id uuid, version integer, kind text, sensitivity smallint, trust smallint, created_ms bigint,
  updated_ms bigint, seal bytea, epoch integer, content bytea)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'library');
  verdict text := memkeep.admit_reading(c, 1);
  ids uuid[] := '{}';
begin
  if verdict = 'ok' then
    for outcome, id, version, kind, sensitivity, trust, created_ms, updated_ms, seal, epoch, content in
      select null, e.id, e.version, e.kind, e.sensitivity, e.trust, e.created_ms, e.updated_ms, e.seal, e.epoch, e.content
      from memkeep.library_entry e where e.tenant = p_home and e.state = 0 order by e.id
    loop
      ids := ids || id;
      return next;
    end loop;
  end if;
  perform memkeep.record(c, 'library.search', verdict, ids, cardinality(ids), p_detail);
  return query select verdict, null::uuid, null::integer, null::text, null::smallint, null::smallint, null::bigint, null::bigint,
    null::bytea, null::integer, null::bytea;
end $$;
