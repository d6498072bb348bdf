-- owner: memkeep_derive_door
-- callers: memkeep_app

-- Every entry of the library and how it stands, without content. p_withdrawn (may be empty) are removed first. Needs the right `library`. One more row brings the
-- outcome (ok, denied) and, as `contributors`, how many were removed.
create or replace function memkeep.list_library(p_tenant bytea, p_token bytea, p_withdrawn uuid[], p_detail bytea)
returns table (outcome text, id uuid, version integer, kind text, state smallint, sensitivity smallint, trust smallint,
  contributors integer, created_ms bigint, updated_ms bigint, attempts integer, failure text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'list_library');
  verdict text := case when c.rights & 524288 = 0 then 'denied' else 'ok' end;
  number integer := 0;
begin
  if verdict = 'ok' then
    delete from memkeep.library_contribution k where k.home = p_tenant and k.entry = any (p_withdrawn);
    with gone as (
      delete from memkeep.library_entry e where e.tenant = p_tenant and e.id = any (p_withdrawn) returning e.id, e.kind, e.seal, e.epoch
    )
    insert into memkeep.unlearned (tenant, subject, cause, artifact, kind, action, seal, epoch, at_ms)
      select c.tenant, '\x00000000000000000000000000000000', c.event, g.id, g.kind, 7, g.seal, g.epoch, c.at_ms from gone g;
    get diagnostics number = row_count;
    return query select null::text, e.id, e.version, e.kind, e.state, e.sensitivity, e.trust, e.contributors, e.created_ms,
      e.updated_ms, e.attempts, e.failure from memkeep.library_entry e where e.tenant = p_tenant order by e.id;
  end if;
  perform memkeep.record(c, case when p_withdrawn = '{}' then 'library.list' else 'library.withdraw' end, verdict, p_withdrawn, number, p_detail);
  return query select verdict, null::uuid, null::integer, null::text, null::smallint, null::smallint, null::smallint, number,
    null::bigint, null::bigint, null::integer, null::text;
end $$;
