-- owner: memkeep_door
-- callers: memkeep_app

-- Takes an idempotency key for one call of the token's principal on its shelf, before the call is made. Two at once: one of them gets
-- it. Outcomes: ok (make the call, then keep_answer or drop_answer), replayed (`answer`, sealed under `epoch`, is the first call's), mismatch (the key
-- was another call's), conflict (the first is under way, or was broken off), denied, barred, epoch, unknown. Without an answer the key is held for ten minutes
-- at most: no call takes longer, so what was broken off frees it then. Kept answers stay until keep_answer says.
create or replace function memkeep.claim_answer(p_tenant bytea, p_token bytea, p_key bytea, p_digest bytea, p_until_ms bigint,
  p_detail bytea)
returns table (outcome text, answer bytea, epoch integer)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'claim_answer');
  standing record;
  earlier record;
begin
  outcome := case when c.reach = 2 or (p_until_ms <= c.at_ms + 86400000) is not true then 'denied' else 'ok' end;
  if outcome = 'ok' then
    -- Under the tenant's row: a bar, which takes it too, comes before this or finds what this leaves.
    select t.state, t.epoch into standing from memkeep.tenant t where t.tenant = p_tenant for no key update;
    outcome := case when not found then 'unknown' when standing.state <> 0 then 'barred'
      when standing.epoch <> c.tenant_epoch then 'epoch' else 'ok' end;
    if outcome = 'ok' then
      perform 1 from memkeep.shelf s where s.tenant = p_tenant and s.subject = c.shelf and s.state <> 0;
      if found then outcome := 'barred'; end if;
    end if;
  end if;
  if outcome = 'ok' then
    delete from memkeep.answer a where a.tenant = p_tenant and a.subject = c.shelf and a.principal = c.principal and a.key = p_key
      and a.until_ms <= c.at_ms;
    insert into memkeep.answer (tenant, subject, principal, key, digest, epoch, until_ms)
      values (p_tenant, c.shelf, c.principal, p_key, p_digest, 0, least(p_until_ms, c.at_ms + 600000)) on conflict do nothing;
    if not found then
      select a.digest, a.answer, a.epoch into earlier from memkeep.answer a
        where a.tenant = p_tenant and a.subject = c.shelf and a.principal = c.principal and a.key = p_key;
      outcome := case when earlier.digest <> p_digest then 'mismatch' when earlier.answer is null then 'conflict' else 'replayed' end;
      if outcome = 'replayed' then
        answer := earlier.answer;
        epoch := earlier.epoch;
      end if;
    end if;
  end if;
  perform memkeep.record(c, 'answer.claim', outcome, '{}', 0, p_detail);
  return next;
end $$;
