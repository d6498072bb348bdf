-- owner: memkeep_owner
-- callers: memkeep_door memkeep_wide_door

-- One row of an answer. `part`: 0 the outcome, 1 the state of a shelf, 2 a memory, 3 a changed entry, 4 a removed id.
do $$ begin
  if to_regtype('memkeep.reading') is null then
    create type memkeep.reading as (
      outcome text, part smallint, subject bytea, shelf_version bigint, id uuid, version integer, sensitivity smallint,
      trust smallint, actor smallint, kind text, at_ms bigint, created_ms bigint, updated_ms bigint, expires_ms bigint,
      derived_from uuid[], epoch integer, content bytea, details bytea, entry bytea
    );
  end if;
end $$;

-- The rows of `read` and `wide_read`. Runs as the doorway's owner, whose policies decide what is in sight.
create or replace function memkeep.read_rows(c memkeep.claims, p_id uuid, p_history boolean, p_detail bytea)
returns setof memkeep.reading
language plpgsql volatile
set search_path = pg_catalog, pg_temp as $$
declare
  answer memkeep.reading;
  row memkeep.reading;
  number integer := 0;
  shelves bytea[] := memkeep.shelves_of(c);
begin
  answer.part := 0;
  answer.outcome := memkeep.admit(c, case when c.reach = 2 then 1 | 16 else 1 end);
  if answer.outcome = 'ok' then answer.outcome := memkeep.shelf_open(c); end if;
  if answer.outcome = 'ok' then
    for row in
      select null, 2, m.subject, null, m.id, m.version, m.sensitivity, m.trust, m.actor, m.kind, m.at_ms, m.created_ms,
        m.updated_ms, m.expires_ms, m.derived_from, m.epoch, m.content, m.details, null
      from memkeep.memory m where m.tenant = c.tenant and m.id = p_id and (m.expires_ms is null or m.expires_ms > c.at_ms)
        and (shelves is null or m.subject = any (shelves))
      union all
      select null, 2, v.subject, null, v.id, v.version, v.sensitivity, v.trust, v.actor, v.kind, v.at_ms, v.created_ms,
        v.updated_ms, v.expires_ms, v.derived_from, v.epoch, v.content, v.details, null
      from memkeep.memory_version v join memkeep.memory m
        on m.tenant = v.tenant and m.subject = v.subject and m.id = v.id
      where p_history and v.tenant = c.tenant and v.id = p_id and (m.expires_ms is null or m.expires_ms > c.at_ms)
        and (shelves is null or v.subject = any (shelves))
      order by 6 desc
    loop
      number := number + 1;
      return next row;
    end loop;
    if number = 0 then answer.outcome := 'missing'; end if;
  end if;
  perform memkeep.record(c, case when p_history then 'memory.history' else 'memory.get' end, answer.outcome, array[p_id],
    number, p_detail);
  return next answer;
end $$;

-- The shelves that a call may read, to be stated in WHERE beside the tenant; null for every shelf of the tenant.
create or replace function memkeep.shelves_of(c memkeep.claims) returns bytea[] language sql immutable
return case c.reach
  when 0 then array[c.shelf]
  when 1 then array[c.shelf, '\x00000000000000000000000000000000'::bytea]
end;

-- 'barred' when the subject that this call reaches is barred, else 'ok'.
create or replace function memkeep.shelf_open(c memkeep.claims) returns text language plpgsql stable
set search_path = pg_catalog, pg_temp as $$
begin
  if c.reach <> 2 and exists (
    select 1 from memkeep.shelf s where s.tenant = c.tenant and s.subject = c.shelf and s.state <> 0
  ) then return 'barred'; end if;
  return 'ok';
end $$;
