-- owner: memkeep_owner
-- callers: memkeep_door

-- Takes the row lock of the shelf that this call writes. When there is none: makes it under the sealed name p_name if
-- p_make, answers 'missing' if not. The lock is the deletion barrier: a shelf that is barred, or whose tenant is, lets no
-- write pass whenever it began. Tenant, policy and the right p_right (null: upkeep's, not asked for) are looked at behind
-- the lock, so that a call which waited for it does not go by what stood before. Making a shelf takes the tenant row FOR
-- SHARE (a plain read or FOR KEY SHARE loses the race with a bar). Returns the version before this write.
create or replace function memkeep.lock_shelf(c memkeep.claims, p_right integer, p_make boolean, p_name bytea,
  out outcome text, out version bigint)
language plpgsql volatile
set search_path = pg_catalog, pg_temp as $$
declare s record;
begin
  loop
    select h.state, h.epoch, h.version into s from memkeep.shelf h
      where h.tenant = c.tenant and h.subject = c.shelf for update;
    if found then
      outcome := case when s.state <> 0 then 'barred' when s.epoch <> c.shelf_epoch then 'epoch' else 'ok' end;
      if outcome = 'ok' and p_right is not null then outcome := memkeep.admit(c, p_right); end if;
      version := s.version;
      return;
    end if;
    outcome := case when p_right is null then 'ok' else memkeep.admit(c, p_right) end;
    if outcome = 'ok' and not p_make then outcome := 'missing'; end if;
    if outcome <> 'ok' then return; end if;
    perform 1 from memkeep.tenant t where t.tenant = c.tenant and t.state = 0 for share;
    if not found then
      outcome := 'barred';
      return;
    end if;
    insert into memkeep.shelf (tenant, subject, epoch, state, version, floor, memories, name, created_ms)
      values (c.tenant, c.shelf, c.shelf_epoch, 0, 0, 0, 0, p_name, c.at_ms)
      on conflict do nothing;
  end loop;
end $$;

-- As lock_shelf, for the commonest write, in one statement: takes the lock and moves the shelf on by one version, with
-- p_added more memories of p_bytes in all and something due by p_due_ms (null: nothing more). Makes the
-- shelf when there is none. Returns the new version, and none where nothing was changed. A write that finds another reason to refuse takes p_added and p_bytes back;
-- that the version has moved without it does no harm.
create or replace function memkeep.bump_shelf(c memkeep.claims, p_right integer, p_added integer, p_bytes bigint,
  p_due_ms bigint, p_name bytea, out outcome text, out version bigint)
language plpgsql volatile
set search_path = pg_catalog, pg_temp as $$
begin
  if c.rights & p_right <> p_right then
    outcome := memkeep.admit(c, p_right);
    return;
  end if;
  for attempt in 1 .. 2 loop
    update memkeep.shelf h set version = h.version + 1, memories = h.memories + p_added, bytes = h.bytes + p_bytes,
      due_ms = least(h.due_ms, p_due_ms)
      where h.tenant = c.tenant and h.subject = c.shelf and h.state = 0 and h.epoch = c.shelf_epoch
      returning h.version into bump_shelf.version;
    if found then
      outcome := memkeep.admit(c, p_right);
      if outcome <> 'ok' then
        update memkeep.shelf h set memories = h.memories - p_added, bytes = h.bytes - p_bytes
          where h.tenant = c.tenant and h.subject = c.shelf;
        version := null;
      end if;
      return;
    end if;
    -- None, or not one to be written: says which, or makes it and locks it.
    select l.outcome into bump_shelf.outcome from memkeep.lock_shelf(c, p_right, true, p_name) l;
    if outcome <> 'ok' then return; end if;
  end loop;
end $$;

-- The lowest trust of these sources, as far as this call sees them. Null when one of them is not there: a foreign source and a
-- missing one are the same.
create or replace function memkeep.trust_of_sources(c memkeep.claims, p_sources uuid[])
returns smallint language plpgsql stable
set search_path = pg_catalog, pg_temp as $$
declare seen record;
begin
  select count(*) as number, min(o.trust) as trust into seen from (
    select m.trust from memkeep.memory m
    where m.tenant = c.tenant and m.subject = any (memkeep.claim_shelves()) and m.id = any (p_sources)
      and (m.expires_ms is null or m.expires_ms > c.at_ms)
    union all
    select a.trust from memkeep.aside a
    where a.tenant = c.tenant and a.subject = any (memkeep.claim_shelves()) and a.id = any (p_sources) and a.stands_above is not null
      and (a.expires_ms is null or a.expires_ms > c.at_ms)
  ) o;
  return case when seen.number = (select count(distinct s) from unnest(p_sources) s) then seen.trust end;
end $$;
