-- owner: memkeep_derive_door
-- callers: memkeep_app

-- What became of the artifacts that p_cause (an erasure, or the event of a deletion) took something from; p_done: removes these notes, when
-- what they are for is done. `rebuilt`: it can be read again. Needs the right `upkeep` and a tenant-wide reach. One more row brings the outcome (ok, denied).
create or replace function memkeep.settle_unlearned(p_tenant bytea, p_token bytea, p_cause uuid, p_done boolean, p_detail bytea)
returns table (outcome text, artifact uuid, kind text, action smallint, rebuilt boolean, seal bytea, epoch integer)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'settle_unlearned');
  verdict text := case when c.rights & 16384 = 0 or c.reach <> 2 then 'denied' else 'ok' end;
  number integer := 0;
begin
  if verdict = 'ok' then
    return query select null::text, u.artifact, u.kind, u.action, coalesce(a.state = 0, e.state = 0, false), u.seal, u.epoch
      from memkeep.unlearned u left join memkeep.artifact a on a.tenant = u.tenant and a.subject = u.subject and a.id = u.artifact
      left join memkeep.library_entry e on e.id = u.artifact and u.action = 5
      where u.tenant = p_tenant and u.cause = p_cause order by u.artifact;
    get diagnostics number = row_count;
    if p_done then
      delete from memkeep.unlearned u where u.tenant = p_tenant and u.cause = p_cause;
    end if;
  end if;
  -- A look that found nothing told nothing: it leaves no event.
  if verdict = 'ok' and number = 0 then
    perform set_config('memkeep.claims', '', true);
  else
    perform memkeep.record(c, 'artifact.settle', verdict, '{}', number, p_detail);
  end if;
  return query select verdict, null::uuid, null::text, null::smallint, null::boolean, null::bytea, null::integer;
end $$;
