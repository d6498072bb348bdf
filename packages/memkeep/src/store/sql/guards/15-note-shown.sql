-- owner: memkeep_owner
-- callers: memkeep_door

-- The lowest trust that one of these readers (tags of sessions and principals) was shown of this shelf, of the common memories, or tenant-wide, which
-- is noted there; 3 where none was shown anything that counts.
create or replace function memkeep.trust_recalled(c memkeep.claims, p_readers bytea[])
returns smallint language plpgsql stable
set search_path = pg_catalog, pg_temp as $$
declare
  folds bytea[] := array(select distinct substring(w.reader for 1) from unnest(p_readers) as w (reader));
begin
  return coalesce((select min(case
      when r.shown_external is null then r.trust
      when exists (select 1 from unnest(p_readers) as w (reader) where substring(w.reader for 1) = r.reader
        and position(substring(w.reader from 2 for 8) in r.shown_external) > 0) then 0
      when exists (select 1 from unnest(p_readers) as w (reader) where substring(w.reader for 1) = r.reader
        and position(substring(w.reader from 2 for 8) in r.shown_user) > 0) then 1
    end) from memkeep.recalled r
    where r.tenant = c.tenant and r.subject in (c.shelf, '\x00000000000000000000000000000000'::bytea) and r.reader = any (p_readers || folds)), 3);
end $$;

-- Notes on the call's shelf that these readers were shown or told something of these trusts, element by element: where it is less than is known of them, and would lower
-- what an agent says. Of rows that are older than thirty days it folds up to 64 into those that stand for many (tables/050): nothing is forgotten by that, and a
-- shelf has not many more rows than what was noted on it within that time. Readers in one order, and behind them folds in theirs: two calls at a time wait for one another, and
-- not each for the other.
create or replace function memkeep.note_shown(c memkeep.claims, p_readers bytea[], p_trusts smallint[]) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp as $$
begin
  insert into memkeep.recalled as r (tenant, subject, reader, trust, noted_ms)
    select c.tenant, c.shelf, w.reader, min(w.trust), c.at_ms from unnest(p_readers, p_trusts) as w (reader, trust)
    where w.trust < least(2, memkeep.trust_recalled(c, array[w.reader]))
    group by w.reader order by w.reader
    on conflict (tenant, subject, reader) do update set trust = least(r.trust, excluded.trust), noted_ms = excluded.noted_ms;
  with old as (
    delete from memkeep.recalled r where r.tenant = c.tenant and r.subject = c.shelf and r.reader = any (array(
      select o.reader from memkeep.recalled o
        where o.tenant = c.tenant and o.subject = c.shelf and o.shown_external is null and o.noted_ms < c.at_ms - 2592000000
        order by o.noted_ms limit 64 for update skip locked))
    returning r.reader, r.trust
  )
  insert into memkeep.recalled as r (tenant, subject, reader, trust, noted_ms, shown_external, shown_user)
    select c.tenant, c.shelf, substring(o.reader for 1), 0, 0,
      coalesce(string_agg(substring(o.reader from 2 for 8), ''::bytea) filter (where o.trust = 0), ''),
      coalesce(string_agg(substring(o.reader from 2 for 8), ''::bytea) filter (where o.trust = 1), '')
    from old o group by substring(o.reader for 1) order by substring(o.reader for 1)
    on conflict (tenant, subject, reader) do update set shown_external = r.shown_external || excluded.shown_external,
      shown_user = r.shown_user || excluded.shown_user;
end $$;
