-- owner: memkeep_door
-- callers: memkeep_app

-- Stores memories on one shelf, in one commit and under one new shelf version. Parallel arrays: one element a memory;
-- each element of p_derived is a uuid[] literal. p_request (may be null) is the tag of an idempotency key.
-- Outcomes: ok, replayed (receipt is the first call's), mismatch, missing (a source), conflict (a source's trust is lower
-- than was sealed), denied, barred, epoch, policy, unknown.
create or replace function memkeep.remember(p_tenant bytea, p_token bytea, p_name bytea, p_ids uuid[],
  p_actor smallint[], p_trust smallint[], p_sensitivity smallint[], p_kind text[], p_at_ms bigint[], p_expires_ms bigint[],
  p_derived text[], p_content bytea[], p_details bytea[], p_entry bytea[], p_request bytea, p_digest bytea,
  p_receipt bytea, p_request_until_ms bigint, p_detail bytea)
returns table (outcome text, shelf_version bigint, receipt bytea)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'remember');
  earlier record;
begin
  -- A label that may not be written, an author that may not be claimed, a trust above its author's ceiling.
  outcome := case when c.reach = 2 or exists (
      select 1 from unnest(p_actor, p_trust, p_sensitivity) as m (actor, trust, sensitivity)
      where c.actors & (1 << m.actor) = 0 or c.writable & (1 << m.sensitivity) = 0
        or m.trust > (array[1, 2, 3, 0])[m.actor + 1]
    ) then 'denied' else 'ok' end;
  if outcome = 'ok' then
    select * into outcome, shelf_version
      from memkeep.lock_shelf(c, case when c.reach = 0 then 2 | 8 else 2 end, true, p_name);
  end if;
  if outcome = 'ok' and p_request is not null then
    select r.digest, r.receipt into earlier from memkeep.request r
      where r.tenant = p_tenant and r.subject = c.shelf and r.principal = c.principal and r.key = p_request
        and r.until_ms > c.at_ms and r.epoch = c.shelf_epoch;
    if found then
      outcome := case when earlier.digest = p_digest then 'replayed' else 'mismatch' end;
      receipt := case when earlier.digest = p_digest then earlier.receipt end;
    end if;
  end if;
  if outcome = 'ok' then outcome := memkeep.check_sources(c, p_derived, p_trust); end if;
  if outcome = 'ok' then
    shelf_version := shelf_version + 1;
    insert into memkeep.memory (tenant, subject, id, version, sensitivity, trust, actor, kind, at_ms, created_ms,
      updated_ms, expires_ms, derived_from, shelf_version, epoch, content, details, entry)
    select p_tenant, c.shelf, m.id, 1, m.sensitivity, m.trust, m.actor, m.kind, m.at_ms, c.at_ms, c.at_ms, m.expires_ms,
      m.derived::uuid[], remember.shelf_version, c.shelf_epoch, m.content, m.details, m.entry
    from unnest(p_ids, p_sensitivity, p_trust, p_actor, p_kind, p_at_ms, p_expires_ms, p_derived, p_content, p_details,
      p_entry) as m (id, sensitivity, trust, actor, kind, at_ms, expires_ms, derived, content, details, entry);
    update memkeep.shelf s set version = remember.shelf_version, memories = s.memories + cardinality(p_ids),
      due_ms = least(s.due_ms, p_request_until_ms, (select min(e) from unnest(p_expires_ms) e))
      where s.tenant = p_tenant and s.subject = c.shelf;
    if p_request is not null then
      delete from memkeep.request r where r.tenant = p_tenant and r.subject = c.shelf and r.principal = c.principal
        and r.key = p_request;
      insert into memkeep.request (tenant, subject, principal, key, digest, receipt, epoch, until_ms)
        values (p_tenant, c.shelf, c.principal, p_request, p_digest, p_receipt, c.shelf_epoch, p_request_until_ms);
    end if;
  end if;
  perform memkeep.record(c, 'memory.add', outcome, case when outcome = 'ok' then p_ids end,
    case when outcome = 'ok' then cardinality(p_ids) else 0 end, p_detail);
  return next;
end $$;
