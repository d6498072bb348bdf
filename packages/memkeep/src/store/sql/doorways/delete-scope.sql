-- owner: memkeep_erase_door
-- callers: memkeep_app

-- Deletes what the barred scope holds: for a tenant the next 200 shelves after p_after and whatever stands under no shelf
-- between them, so that no transaction grows with the tenant; a subject at once. `totals` (JSON), the notes of the step that it records, count what
-- this erasure deleted of each table until now, over all calls; when nothing is left to be asked for, `reached` is the highest tag of all, and the caller ends the step.
-- Needs the right `erasing`.
-- A subject's shelf stays, barred, empty and without a name; a tenant's go: the tenant's own row bars. Its name and policy are emptied.
-- Outcomes: ok, denied, missing, conflict (done, or not barred).
drop function if exists memkeep.delete_scope(bytea, bytea, uuid, bytea, bigint, bytea);
create or replace function memkeep.delete_scope(p_tenant bytea, p_token bytea, p_id uuid, p_after bytea,
  p_began_ms bigint, p_detail bytea)
returns table (outcome text, reached bytea, totals text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'delete_scope');
  taken record;
  low bytea := memkeep.claim_lowest(65536);
  high bytea := memkeep.claim_highest(65536);
  deleted bigint;
  counts jsonb := '{}';
  earlier jsonb;
begin
  taken := memkeep.take_erasure(c, p_id);
  outcome := case when taken.outcome = 'ok' and (taken.e).barred_ms is null then 'conflict' else taken.outcome end;
  if outcome = 'ok' and c.reach = 2 then
    low := greatest(low, p_after);
    -- The 200th; not max(), which knows bytea from PostgreSQL 18 on.
    select s.subject into reached from memkeep.shelf s where s.tenant = p_tenant and s.subject > low
      order by s.subject offset 199 limit 1;
    high := coalesce(reached, high);
  end if;
  reached := high;
  if outcome = 'ok' then
    -- each table
    delete from memkeep.memory m where m.tenant = p_tenant and m.subject >= low and m.subject <= high;
    get diagnostics deleted = row_count;
    counts := counts || jsonb_build_object('memory', deleted);
    delete from memkeep.memory_version v where v.tenant = p_tenant and v.subject >= low and v.subject <= high;
    get diagnostics deleted = row_count;
    counts := counts || jsonb_build_object('memory_version', deleted);
    delete from memkeep.removal r where r.tenant = p_tenant and r.subject >= low and r.subject <= high;
    get diagnostics deleted = row_count;
    counts := counts || jsonb_build_object('removal', deleted);
    delete from memkeep.request q where q.tenant = p_tenant and q.subject >= low and q.subject <= high;
    get diagnostics deleted = row_count;
    counts := counts || jsonb_build_object('request', deleted);
    delete from memkeep.api_key k where k.tenant = p_tenant and k.subject >= low and k.subject <= high;
    get diagnostics deleted = row_count;
    counts := counts || jsonb_build_object('api_key', deleted);
    -- Emptied at the barrier. Of an artifact's sources both ends count.
    delete from memkeep.artifact a where a.tenant = p_tenant and a.subject >= low and a.subject <= high;
    get diagnostics deleted = row_count;
    counts := counts || jsonb_build_object('artifact', deleted);
    delete from memkeep.contribution k where k.tenant = p_tenant
      and (k.subject >= low and k.subject <= high or k.shelf >= low and k.shelf <= high);
    get diagnostics deleted = row_count;
    counts := counts || jsonb_build_object('contribution', deleted);
    delete from memkeep.library_contribution k where k.tenant = p_tenant and k.subject >= low and k.subject <= high;
    get diagnostics deleted = row_count;
    counts := counts || jsonb_build_object('library_contribution', deleted);
    -- None of these stands: then there were no bar.
    delete from memkeep.hold d where d.tenant = p_tenant and d.subject >= low and d.subject <= high;
    get diagnostics deleted = row_count;
    counts := counts || jsonb_build_object('hold', deleted);
    delete from memkeep.lineage l where l.tenant = p_tenant and l.subject >= low and l.subject <= high;
    get diagnostics deleted = row_count;
    counts := counts || jsonb_build_object('lineage', deleted);
    delete from memkeep.recalled n where n.tenant = p_tenant and n.subject >= low and n.subject <= high;
    get diagnostics deleted = row_count;
    counts := counts || jsonb_build_object('recalled', deleted);
    delete from memkeep.aside a where a.tenant = p_tenant and a.subject >= low and a.subject <= high;
    get diagnostics deleted = row_count;
    counts := counts || jsonb_build_object('aside', deleted);
    delete from memkeep.reviewed w where w.tenant = p_tenant and w.subject >= low and w.subject <= high;
    get diagnostics deleted = row_count;
    counts := counts || jsonb_build_object('reviewed', deleted);
    delete from memkeep.undistilled u where u.tenant = p_tenant and u.subject >= low and u.subject <= high;
    get diagnostics deleted = row_count;
    counts := counts || jsonb_build_object('undistilled', deleted);
    delete from memkeep.support g where g.tenant = p_tenant and g.subject >= low and g.subject <= high;
    get diagnostics deleted = row_count;
    counts := counts || jsonb_build_object('support', deleted);
    delete from memkeep.answer a where a.tenant = p_tenant and a.subject >= low and a.subject <= high;
    get diagnostics deleted = row_count;
    counts := counts || jsonb_build_object('answer', deleted);
    if c.reach = 2 then
      delete from memkeep.shelf s where s.tenant = p_tenant and s.subject >= low and s.subject <= high;
    else
      update memkeep.shelf s set name = null, memories = 0, bytes = 0, due_ms = null, waits = null, floor = s.version
        where s.tenant = p_tenant and s.subject = c.shelf and s.state = 1 and s.name is not null;
    end if;
    get diagnostics deleted = row_count;
    counts := counts || jsonb_build_object('shelf', deleted);
    if c.reach = 2 and reached = memkeep.claim_highest(65536) then
      delete from memkeep.disclosed d where d.tenant = p_tenant;
      get diagnostics deleted = row_count;
      counts := counts || jsonb_build_object('disclosed', deleted);
      update memkeep.tenant t set name = '', policy = null
        where t.tenant = p_tenant and t.state = 1 and octet_length(t.name) > 0;
      get diagnostics deleted = row_count;
      counts := counts || jsonb_build_object('tenant', deleted);
    end if;
    -- Into what earlier calls counted, in this very transaction: a process that is killed loses no count.
    select w.notes::jsonb into earlier from memkeep.erasure_step w
      where w.tenant = p_tenant and w.erasure = p_id and w.step = 'delete';
    select n.notes into totals from memkeep.note_step(c, p_id, 'delete', p_began_ms, null,
      (select (coalesce(earlier, '{}') || jsonb_object_agg(k.key, k.value::bigint + coalesce((earlier ->> k.key)::bigint, 0)))::text
        from jsonb_each_text(counts) k), null) n;
  end if;
  perform memkeep.record(c, 'erasure.deleted', outcome, '{}', coalesce((counts ->> 'memory')::integer, 0), p_detail);
  return next;
end $$;
