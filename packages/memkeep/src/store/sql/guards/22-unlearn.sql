-- owner: memkeep_derive_door
-- callers: memkeep_door memkeep_erase_door memkeep_derive_door

-- What has gone from the shelf p_subject: these memories or artifacts (null: all; then only what other shelves made of them) take with them what was made of
-- them, at any distance. An artifact that others contributed to loses its content and is hidden until it was rebuilt
-- without them; one that nobody else contributed to is dropped, as is every value of the cache. What is out of reach stays
-- registered, and is told of. Runs as a role that sees ids and labels of a tenant, and no sealed column. Returns the number
-- of artifacts concerned.
create or replace function memkeep.unlearn(c memkeep.claims, p_subject bytea, p_sources uuid[], p_cause uuid)
returns integer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp as $$
declare
  shelves bytea[];
  ids uuid[];
  gone_shelves bytea[];
  gone uuid[];
  number integer;
  ignored integer;
begin
  ignored := memkeep.unpublish(c, p_subject, p_sources, p_cause);
  -- What the artifacts that went had contributors to.
  delete from memkeep.contribution k where k.tenant = c.tenant and k.shelf = p_subject and k.artifact = any (p_sources);
  if p_sources is null then
    with learnt as (
      delete from memkeep.contribution k where k.tenant = c.tenant and k.subject = p_subject and k.shelf <> p_subject
      returning k.shelf, k.artifact
    )
    select array_agg(d.shelf), array_agg(d.artifact) into shelves, ids from (select distinct l.shelf, l.artifact from learnt l) d;
  else
    with learnt as (
      delete from memkeep.contribution k where k.tenant = c.tenant and k.subject = p_subject and k.source = any (p_sources)
      returning k.shelf, k.artifact
    )
    select array_agg(d.shelf), array_agg(d.artifact) into shelves, ids from (select distinct l.shelf, l.artifact from learnt l) d;
  end if;
  if ids is null then return 0; end if;
  -- In one order, so that two of these do not wait for each other.
  perform 1 from memkeep.artifact a join unnest(shelves, ids) as t (shelf, id) on a.subject = t.shelf and a.id = t.id
    where a.tenant = c.tenant order by a.subject, a.id for update of a;
  loop
    with dropped as (
      delete from memkeep.artifact a using unnest(shelves, ids) as t (shelf, id)
      where a.tenant = c.tenant and a.subject = t.shelf and a.id = t.id and (a.place = 1 or a.place = 0 and not (
        exists (select from memkeep.contribution k
          where k.tenant = c.tenant and k.shelf = t.shelf and k.artifact = t.id and k.direct)
        and exists (select from memkeep.contribution k
          where k.tenant = c.tenant and k.shelf = t.shelf and k.artifact = t.id and not k.derived)))
      returning a.subject, a.id, a.kind, a.place, a.seal, a.epoch
    ), noted as (
      insert into memkeep.unlearned (tenant, subject, cause, artifact, kind, action, seal, epoch, at_ms)
      select c.tenant, d.subject, p_cause, d.id, d.kind, case d.place when 1 then 3 else 0 end, d.seal, d.epoch, c.at_ms
      from dropped d on conflict do nothing
    )
    select array_agg(d.subject), array_agg(d.id) into gone_shelves, gone from dropped d;
    exit when gone is null;
    delete from memkeep.contribution k using unnest(gone_shelves, gone) as g (shelf, id)
      where k.tenant = c.tenant and k.shelf = g.shelf and k.artifact = g.id;
    -- What was made of those: it is among these already, as what stands behind them stood behind it too.
    delete from memkeep.contribution k using unnest(gone_shelves, gone) as g (shelf, id)
      where k.tenant = c.tenant and k.subject = g.shelf and k.source = g.id;
  end loop;
  with hidden as (
    update memkeep.artifact a set state = 1, version = a.version + 1, content = '', details = '', attempts = 0,
      due_ms = c.at_ms, failure = null, updated_ms = c.at_ms,
      derived_from = array(select k.source from memkeep.contribution k
        where k.tenant = c.tenant and k.shelf = t.shelf and k.artifact = t.id and k.direct order by k.source)
    from unnest(shelves, ids) as t (shelf, id)
    where a.tenant = c.tenant and a.subject = t.shelf and a.id = t.id and a.place = 0
    returning a.subject, a.id, a.kind, a.seal, a.epoch
  ), beyond as (
    -- What is out of reach stays registered; what was said of it here goes with an erasure.
    update memkeep.artifact a set state = 1, version = a.version + 1, content = '', details = '', due_ms = null, updated_ms = c.at_ms
    from unnest(shelves, ids) as t (shelf, id)
    where a.tenant = c.tenant and a.subject = t.shelf and a.id = t.id and a.place = 2 and p_cause <> c.event
    returning a.subject, a.id, a.kind, a.seal, a.epoch
  )
  insert into memkeep.unlearned (tenant, subject, cause, artifact, kind, action, seal, epoch, at_ms)
    select c.tenant, h.subject, p_cause, h.id, h.kind, 1, h.seal, h.epoch, c.at_ms from hidden h
    union all select c.tenant, b.subject, p_cause, b.id, b.kind, 2, b.seal, b.epoch, c.at_ms from beyond b
    on conflict do nothing;
  -- Only an erasure tells of it; values of the cache, and keys of their own, are to be removed in any case.
  if p_cause = c.event then
    delete from memkeep.unlearned u where u.tenant = c.tenant and u.cause = p_cause and u.action < 3 and u.seal is null;
    update memkeep.unlearned u set action = 6 where u.tenant = c.tenant and u.cause = p_cause and u.action < 3;
  end if;
  number := cardinality(ids);
  return number;
end $$;

-- Notes the key of its own that a version of an artifact had which nobody reads any more, so that it is deleted; of what had none, nothing.
create or replace function memkeep.retire_key(c memkeep.claims, p_shelf bytea, p_artifact uuid, p_kind text, p_seal bytea, p_epoch integer)
returns void language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp as $$
begin
  insert into memkeep.unlearned (tenant, subject, cause, artifact, kind, action, seal, epoch, at_ms)
    select c.tenant, p_shelf, c.event, p_artifact, p_kind, 6, p_seal, p_epoch, c.at_ms where p_seal is not null
    on conflict do nothing;
end $$;

-- For the barrier: from here on nothing that a subject (null: anybody of the tenant) contributed to can be read, in the very transaction that
-- bars it. Its own artifacts are emptied, and deleted with its other rows; what others share is unlearnt. Returns the number of artifacts.
create or replace function memkeep.hide_derived(c memkeep.claims, p_subject bytea, p_cause uuid) returns integer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp as $$
declare
  -- A range, as in an index: `p_subject is null or ...` would look at every artifact of the tenant.
  low bytea := coalesce(p_subject, decode(repeat('00', 16), 'hex'));
  high bytea := coalesce(p_subject, decode(repeat('ff', 16), 'hex'));
  number integer;
begin
  with own as (
    update memkeep.artifact a set state = 1, version = a.version + 1, content = '', details = '', due_ms = null
    where a.tenant = c.tenant and a.subject >= low and a.subject <= high
    returning a.subject, a.id, a.kind, a.place, a.epoch
  ), beyond as (
    insert into memkeep.unlearned (tenant, subject, cause, artifact, kind, action, seal, epoch, at_ms)
    select c.tenant, o.subject, p_cause, o.id, o.kind, 2, null, o.epoch, c.at_ms from own o where o.place = 2
    on conflict do nothing
  )
  select count(*) into number from own;
  if p_subject is not null then
    number := number + memkeep.unlearn(c, p_subject, null, p_cause);
  else
    number := number + memkeep.unpublish(c, null, null, p_cause);
  end if;
  return number;
end $$;
