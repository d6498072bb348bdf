-- owner: memkeep_derive_door
-- callers: memkeep_app

-- What lost its key: after a restore a version can stand there whose key was deleted when it ended. These artifacts that subjects share or, when the first argument is
-- the deployment's own tag, entries of the library are hidden and queued to be made anew, unless another version stands there by now (p_seals: as they were read).
-- Needs the right `upkeep` and a tenant-wide reach. Outcomes: ok, denied.
create or replace function memkeep.hide_lost(p_tenant bytea, p_token bytea, p_ids uuid[], p_seals bytea[], p_detail bytea)
returns table (outcome text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'hide_lost');
  number integer := 0;
  ignored text;
begin
  outcome := case when c.rights & 16384 = 0 or c.reach <> 2 then 'denied' else 'ok' end;
  if outcome = 'ok' then
    with lost as (
      select * from unnest(p_ids, p_seals) as t (id, seal)
    ), artifacts as (
      update memkeep.artifact a set state = 1, version = a.version + 1, content = '', details = '', attempts = 0, due_ms = c.at_ms,
        failure = null, updated_ms = c.at_ms from lost t
        where a.tenant = p_tenant and a.subject = '\x00000000000000000000000000000000' and a.id = t.id and a.seal = t.seal and a.state = 0
        returning a.id
    ), entries as (
      update memkeep.library_entry e set state = 1, version = e.version + 1, content = '', attempts = 0, due_ms = c.at_ms,
        failure = null, updated_ms = c.at_ms from lost t
        where e.tenant = p_tenant and e.id = t.id and e.seal = t.seal and e.state = 0 returning e.id
    )
    select (select count(*) from artifacts) + (select count(*) from entries) into number;
  end if;
  ignored := memkeep.record(c, 'artifact.rebuild', outcome, p_ids, number, p_detail);
  return next;
end $$;
