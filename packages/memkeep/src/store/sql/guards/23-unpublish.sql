-- owner: memkeep_derive_door
-- callers: memkeep_door memkeep_erase_door memkeep_derive_door

-- As unlearn, for the library of the deployment: what these memories (null: all) of p_subject (null: of anybody of the tenant) contributed to is hidden
-- until it was rebuilt without them, or dropped when nobody else contributed. Other tenants' part in it is not seen here; only how many they are.
create or replace function memkeep.unpublish(c memkeep.claims, p_subject bytea, p_sources uuid[], p_cause uuid)
returns integer language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp as $$
declare
  -- As hide_derived().
  low bytea := coalesce(p_subject, decode(repeat('00', 16), 'hex'));
  high bytea := coalesce(p_subject, decode(repeat('ff', 16), 'hex'));
  number integer;
begin
  with gone as (
    delete from memkeep.library_contribution k where k.tenant = c.tenant and k.subject >= low and k.subject <= high
      and (p_sources is null or k.source = any (p_sources)) returning k.home, k.entry, k.direct
  ), counted as (
    select g.home, g.entry, count(*) filter (where g.direct) as lost from gone g group by g.home, g.entry
  ), hidden as (
    update memkeep.library_entry e set state = 1, version = e.version + 1, content = '', attempts = 0, due_ms = c.at_ms,
      failure = null, updated_ms = c.at_ms, contributors = e.contributors - n.lost
    from counted n where e.tenant = n.home and e.id = n.entry
    returning e.tenant, e.id, e.kind, e.contributors, e.seal, e.epoch
  ), noted as (
    insert into memkeep.unlearned (tenant, subject, cause, artifact, kind, action, seal, epoch, at_ms)
    select c.tenant, '\x00000000000000000000000000000000', p_cause, h.id, h.kind, case when h.contributors > 0 then 5 else 4 end,
      h.seal, h.epoch, c.at_ms
    from hidden h on conflict do nothing
  )
  select count(*) into number from hidden;
  if number > 0 then
    delete from memkeep.library_entry e using memkeep.unlearned u
      where u.tenant = c.tenant and u.cause = p_cause and u.action = 4 and e.id = u.artifact and e.contributors <= 0;
  end if;
  -- Only an erasure tells of it; their keys are to be deleted in any case.
  if number > 0 and p_cause = c.event then
    update memkeep.unlearned u set action = 7 where u.tenant = c.tenant and u.cause = p_cause and u.action in (4, 5);
  end if;
  return number;
end $$;
