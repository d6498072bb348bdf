-- owner: memkeep_derive_door
-- callers: memkeep_door memkeep_label_door

-- As unlearn, for memories of p_subject that have changed and are still there: what was made of them, at any distance, says what is no longer so, or bears a label that
-- no longer holds. It loses its content and is hidden until it was made anew of the same sources; values of the cache go, and entries of the library are hidden. Returns the
-- number of artifacts.
create or replace function memkeep.outdate(c memkeep.claims, p_subject bytea, p_sources uuid[])
returns integer language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp as $$
declare
  shelves bytea[];
  ids uuid[];
begin
  with hidden as (
    update memkeep.library_entry e set state = 1, version = e.version + 1, content = '', attempts = 0, due_ms = c.at_ms,
      failure = null, updated_ms = c.at_ms
      from (select distinct k.home, k.entry from memkeep.library_contribution k
        where k.tenant = c.tenant and k.subject = p_subject and k.source = any (p_sources)) m
      where e.tenant = m.home and e.id = m.entry returning e.id, e.kind, e.seal, e.epoch
  )
  insert into memkeep.unlearned (tenant, subject, cause, artifact, kind, action, seal, epoch, at_ms)
    select c.tenant, '\x00000000000000000000000000000000', c.event, h.id, h.kind, 7, h.seal, h.epoch, c.at_ms from hidden h
    on conflict do nothing;
  select array_agg(d.shelf), array_agg(d.artifact) into shelves, ids from (
    select distinct k.shelf, k.artifact from memkeep.contribution k
    where k.tenant = c.tenant and k.subject = p_subject and k.source = any (p_sources)) d;
  if ids is null then return 0; end if;
  -- In one order, as unlearn.
  perform 1 from memkeep.artifact a join unnest(shelves, ids) as t (shelf, id) on a.subject = t.shelf and a.id = t.id
    where a.tenant = c.tenant order by a.subject, a.id for update of a;
  with dropped as (
    delete from memkeep.artifact a using unnest(shelves, ids) as t (shelf, id)
      where a.tenant = c.tenant and a.subject = t.shelf and a.id = t.id and a.place = 1 returning a.subject, a.id, a.kind, a.seal, a.epoch
  ), forgotten as (
    delete from memkeep.contribution k using dropped d where k.tenant = c.tenant and k.shelf = d.subject and k.artifact = d.id
  )
  insert into memkeep.unlearned (tenant, subject, cause, artifact, kind, action, seal, epoch, at_ms)
    select c.tenant, d.subject, c.event, d.id, d.kind, 3, d.seal, d.epoch, c.at_ms from dropped d on conflict do nothing;
  with hidden as (
    update memkeep.artifact a set state = 1, version = a.version + 1, content = '', details = '', attempts = 0,
      due_ms = c.at_ms, failure = null, updated_ms = c.at_ms
      from unnest(shelves, ids) as t (shelf, id)
      where a.tenant = c.tenant and a.subject = t.shelf and a.id = t.id and a.place = 0
      returning a.subject, a.id, a.kind, a.seal, a.epoch
  )
  insert into memkeep.unlearned (tenant, subject, cause, artifact, kind, action, seal, epoch, at_ms)
    select c.tenant, h.subject, c.event, h.id, h.kind, 6, h.seal, h.epoch, c.at_ms from hidden h where h.seal is not null
    on conflict do nothing;
  return cardinality(ids);
end $$;
