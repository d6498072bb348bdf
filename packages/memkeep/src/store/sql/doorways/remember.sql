-- owner: memkeep_door
-- callers: memkeep_app

-- Stores memories on one shelf, in one commit and under one new shelf version. Parallel arrays: one element a memory;
-- each element of p_derived is a uuid[] literal. p_request (may be null) is the tag of an idempotency key.
-- p_most_* (null: no bound) are the tenant's quota as the kernel knows it; the sum over the tenant's shelves is read only
-- when one is given. Writers of other subjects that have not committed are not in it: each may overshoot by what is under way.
-- A memory is trusted no more than p_trust, which it was sealed under, than its sources, and, where an agent or a tool
-- names none, than what p_readers were shown; `trusts` are the trusts it came to. A token states the most that a tool
-- is trusted in bits 4 and 5 of its actors.
-- p_place (null: 0 for all) says where each goes: 0 a memory, 1 an episode, which upkeep distils before it expires, 2 held for review, with
-- the sealed p_verdict. p_waits: their vectors are still to come.
-- p_told (null: none): tags of whoever was in the talk that these are turns of, in order. What an agent says in it is trusted no more than what was
-- said before, and what they say later no more than the least of it.
-- p_talk (null: none): of what is no turn, the tag of the session that each is said in. It is told there as a turn is: what an agent or a tool says in that session
-- from then on without a source, in this call too, is trusted no more. What other sessions were told is not held against it.
-- p_supersedes (null: none): memories of this shelf whose places these take: they leave recall. One that is trusted more, or is more sensitive, is not to be
-- superseded, nor by what does not stay for good: denied. p_most_versions (null: no bound): a line of statements that supersede one another has
-- no more versions than that when one more comes to it: quota.
-- p_of_more (null: no): what names sources may have been made from more than these, and is held to p_readers and its talk as what names none.
-- p_same (null: none): what stands under that digest, as far as this call sees it and trusted no less, is the same statement and is not stored again:
-- `ids` has its id and `versions` its version.
-- Outcomes: ok, replayed (receipt and trusts are the first call's), mismatch, missing (a source, or what is superseded), quota, denied, barred,
-- epoch, policy, unknown.
-- An earlier build's had fewer arguments, and a call that fits both would fit none.
drop function if exists memkeep.remember(bytea, bytea, bytea, uuid[], smallint[], smallint[], smallint[], text[], bigint[], bigint[], text[], bytea[], bytea[], bytea[], bytea, bytea, bytea, bigint, bytea, bigint, bigint, bytea[], smallint[], bytea[], boolean, bytea[], uuid[], bytea[]);
drop function if exists memkeep.remember(bytea, bytea, bytea, uuid[], smallint[], smallint[], smallint[], text[], bigint[], bigint[], text[], bytea[], bytea[], bytea[], bytea, bytea, bytea, bigint, bytea, bigint, bigint, bytea[], smallint[], bytea[], boolean, bytea[], uuid[], bytea[], bytea[], integer);
create or replace function memkeep.remember(p_tenant bytea, p_token bytea, p_name bytea, p_ids uuid[],
  p_actor smallint[], p_trust smallint[], p_sensitivity smallint[], p_kind text[], p_at_ms bigint[], p_expires_ms bigint[],
  p_derived text[], p_content bytea[], p_details bytea[], p_entry bytea[], p_request bytea, p_digest bytea,
  p_receipt bytea, p_request_until_ms bigint, p_detail bytea, p_most_memories bigint default null, p_most_bytes bigint default null,
  p_readers bytea[] default null, p_place smallint[] default null, p_verdict bytea[] default null, p_waits boolean default null,
  p_told bytea[] default null, p_supersedes uuid[] default null, p_same bytea[] default null, p_talk bytea[] default null,
  p_most_versions integer default null, p_of_more boolean default null)
returns table (outcome text, shelf_version bigint, receipt bytea, trusts smallint[], ids uuid[], versions integer[])
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'remember');
  added integer := cardinality(p_ids);
  size bigint := 0;
  due bigint := p_request_until_ms;
  bumped record;
  earlier record;
  of_sources smallint;
  shown smallint;
  said smallint := 3;
  talks bytea[] := '{}';
  told smallint[] := '{}';
  told_before smallint[] := '{}';
  talk integer;
  is_new boolean[] := array_fill(true, array[cardinality(p_ids)]);
  known record;
  ignored text;
begin
  ids := p_ids;
  outcome := case when c.reach = 2 then 'denied' else 'ok' end;
  for m in 1 .. added loop
    -- A label that may not be written, an author that may not be claimed, a trust above its author's ceiling.
    if (p_actor[m] between 0 and 3 and c.actors & (1 << p_actor[m]) <> 0
      and p_sensitivity[m] between 0 and 2 and c.writable & (1 << p_sensitivity[m]) <> 0
      and p_trust[m] between 0 and (array[1, 2, 3, c.actors >> 4])[p_actor[m] + 1]
      and p_kind[m] ~ '^[a-z][a-z0-9_-]{0,31}$') is not true then outcome := 'denied'; end if;
    if p_supersedes[m] is not null and (p_place[m] <> 0 or p_expires_ms[m] is not null) then outcome := 'denied'; end if;
    due := least(due, p_expires_ms[m], case when p_place[m] = 1 then c.at_ms end);
    size := size + octet_length(p_content[m]) + octet_length(p_details[m]) + octet_length(p_entry[m]);
  end loop;
  if outcome = 'ok' and c.reach = 1 and not '{}' = all (p_derived) then ignored := memkeep.hold_common(c); end if;
  if outcome = 'ok' then
    bumped := memkeep.bump_shelf(c, case when c.reach = 0 then 2 | 8 else 2 end, added, size, due, p_name);
    outcome := bumped.outcome;
    shelf_version := bumped.version;
  end if;
  if outcome = 'ok' and p_request is not null then
    select r.digest, r.receipt, r.trusts into earlier from memkeep.request r
      where r.tenant = p_tenant and r.subject = c.shelf and r.principal = c.principal and r.key = p_request
        and r.until_ms > c.at_ms and r.epoch = c.shelf_epoch;
    if found then
      outcome := case when earlier.digest = p_digest then 'replayed' else 'mismatch' end;
      receipt := case when earlier.digest = p_digest then earlier.receipt end;
      trusts := case when earlier.digest = p_digest then earlier.trusts end;
    end if;
  end if;
  if outcome = 'ok' then
    trusts := p_trust;
    if not '{}' = all (p_derived) then
      for m in 1 .. added loop
        if p_derived[m] <> '{}' then
          of_sources := memkeep.trust_of_sources(c, p_derived[m]::uuid[]);
          if of_sources is null then outcome := 'missing'; end if;
          trusts[m] := least(trusts[m], of_sources);
        end if;
      end loop;
    end if;
    if p_readers is not null then
      shown := memkeep.trust_recalled(c, p_readers);
      for m in 1 .. added loop
        if (p_derived[m] = '{}' or p_of_more is true) and p_actor[m] in (1, 3) then trusts[m] := least(trusts[m], shown); end if;
        if p_told is not null then
          if p_actor[m] in (1, 3) then trusts[m] := least(trusts[m], said); end if;
          said := least(said, trusts[m]);
        end if;
      end loop;
    end if;
    if p_talk is not null then
      for m in 1 .. added loop
        continue when p_talk[m] is null;
        talk := array_position(talks, p_talk[m]);
        if talk is null then
          talks := talks || p_talk[m];
          talk := cardinality(talks);
          told[talk] := memkeep.trust_recalled(c, array[p_talk[m]]);
          told_before[talk] := told[talk];
        end if;
        if (p_derived[m] = '{}' or p_of_more is true) and p_actor[m] in (1, 3) then trusts[m] := least(trusts[m], told[talk]); end if;
        told[talk] := least(told[talk], trusts[m]);
      end loop;
    end if;
  end if;
  if outcome = 'ok' and p_supersedes is not null then outcome := memkeep.can_supersede(c, p_supersedes, trusts, p_sensitivity, p_most_versions); end if;
  if outcome = 'ok' and p_same is not null then
    for m in 1 .. added loop
      select o.id, o.version, o.trust into known from memkeep.memory o where o.tenant = p_tenant and o.subject = c.shelf and o.same = p_same[m]
        and o.sensitivity = p_sensitivity[m] and o.trust >= trusts[m] and o.expires_ms is null order by o.id limit 1;
      if found then
        is_new[m] := false;
        ids[m] := known.id;
        versions[m] := known.version;
        trusts[m] := known.trust;
      end if;
    end loop;
    if not true = all (is_new) then
      update memkeep.shelf s set memories = s.memories - w.number, bytes = s.bytes - w.size
        from (select count(*) as number, sum(octet_length(p_content[m]) + octet_length(p_details[m]) + octet_length(p_entry[m])) as size
          from generate_series(1, added) m where not is_new[m]) w
        where s.tenant = p_tenant and s.subject = c.shelf;
      select count(*), coalesce(sum(octet_length(p_content[m]) + octet_length(p_details[m]) + octet_length(p_entry[m])), 0) into added, size
        from generate_series(1, added) m where is_new[m];
    end if;
  end if;
  if outcome = 'ok' and num_nonnulls(p_most_memories, p_most_bytes) > 0
    and memkeep.exceeds_quota(p_tenant, p_most_memories, p_most_bytes) then outcome := 'quota'; end if;
  if outcome = 'ok' then
    insert into memkeep.memory (tenant, subject, id, version, sensitivity, trust, actor, kind, at_ms, created_ms,
      updated_ms, expires_ms, derived_from, shelf_version, epoch, content, details, entry, same)
    select p_tenant, c.shelf, p_ids[m], 1, p_sensitivity[m], trusts[m], p_actor[m], p_kind[m], p_at_ms[m], c.at_ms,
      c.at_ms, p_expires_ms[m], p_derived[m]::uuid[], remember.shelf_version, c.shelf_epoch, p_content[m], p_details[m],
      p_entry[m], p_same[m]
    from generate_series(1, cardinality(p_ids)) m where p_place[m] is distinct from 2 and is_new[m];
    if p_supersedes is not null then
      ignored := memkeep.supersede(c, p_supersedes, p_ids, shelf_version);
      ignored := memkeep.weigh_lines(c, c.shelf, p_ids);
    end if;
    if p_told is not null and said < 2 then perform memkeep.note_shown(c, p_told, array_fill(said, array[cardinality(p_told)])); end if;
    -- Only what falls is written: most that is said in a talk is trusted as what was said before.
    if told <> told_before then perform memkeep.note_shown(c, talks, told); end if;
    if p_place is not null then
      insert into memkeep.aside (tenant, subject, id, version, sensitivity, trust, actor, kind, at_ms, created_ms,
        updated_ms, expires_ms, derived_from, epoch, content, details, entry, why, aside_ms, verdict)
      select p_tenant, c.shelf, p_ids[m], 1, p_sensitivity[m], trusts[m], p_actor[m], p_kind[m], p_at_ms[m], c.at_ms,
        c.at_ms, p_expires_ms[m], p_derived[m]::uuid[], c.shelf_epoch, p_content[m], p_details[m], p_entry[m], 0, c.at_ms, p_verdict[m]
      from generate_series(1, cardinality(p_ids)) m where p_place[m] = 2;
      insert into memkeep.undistilled (tenant, subject, id, due_ms)
      select p_tenant, c.shelf, p_ids[m], c.at_ms from generate_series(1, cardinality(p_ids)) m where p_place[m] = 1;
    end if;
    if not '{}' = all (p_derived) then
      insert into memkeep.lineage (tenant, subject, source, derived)
      select distinct p_tenant, c.shelf, s.source, p_ids[m] from generate_series(1, cardinality(p_ids)) m, unnest(p_derived[m]::uuid[]) as s (source);
    end if;
    if p_waits then
      update memkeep.shelf s set waits = remember.shelf_version where s.tenant = p_tenant and s.subject = c.shelf;
    end if;
    if p_request is not null then
      delete from memkeep.request r where r.tenant = p_tenant and r.subject = c.shelf and r.principal = c.principal
        and r.key = p_request;
      insert into memkeep.request (tenant, subject, principal, key, digest, receipt, epoch, until_ms, trusts)
        values (p_tenant, c.shelf, c.principal, p_request, p_digest, p_receipt, c.shelf_epoch, p_request_until_ms,
          remember.trusts);
    end if;
  elsif shelf_version is not null then
    update memkeep.shelf s set memories = s.memories - added, bytes = s.bytes - size where s.tenant = p_tenant and s.subject = c.shelf;
  end if;
  ignored := memkeep.record(c, 'memory.add', outcome, case when outcome = 'ok' then ids end,
    case when outcome = 'ok' then added else 0 end, p_detail);
  return next;
end $$;
