-- owner: memkeep_erase_door
-- callers: memkeep_app

-- The barrier: from this commit on no write for the scope commits, whenever it began. A subject's shelf is barred, and made
-- barred where there was none; for a tenant first its own row (which waits for every shelf that is being made), then every
-- shelf (whose locks wait for every write under way). What stands in an earlier epoch than the one that ends is barred in that one; what stands in a later one is somebody's whom
-- nobody asked to erase (conflict).
-- A hold does not keep an erasure that is repeated after a restore: its first one passed that check. Needs the right `erasing`. Until its step stands the bar is set, whatever the rows say.
-- `p_barred_ms`: the time of the bar and of the step, over which p_mac is the kernel's. `p_until_ms`: when the last backup has gone that could hold what is deleted from now on; the erasure ends no sooner. Asked for again, it does that alone.
-- Outcomes: ok, held (a legal hold was placed meanwhile), denied, missing, conflict.
drop function if exists memkeep.bar_scope(bytea, bytea, uuid, bigint, bytea);
drop function if exists memkeep.bar_scope(bytea, bytea, uuid, bigint, bigint, bytea);
drop function if exists memkeep.bar_scope(bytea, bytea, uuid, bigint, bigint, bytea, bigint, bytea);
create or replace function memkeep.bar_scope(p_tenant bytea, p_token bytea, p_id uuid, p_began_ms bigint, p_barred_ms bigint,
  p_mac bytea, p_until_ms bigint, p_detail bytea)
returns table (outcome text, began_ms bigint, ended_ms bigint, notes text, mac bytea)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'bar_scope');
  taken record;
  standing boolean;
  number integer := 0;
  ignored integer;
begin
  taken := memkeep.take_erasure(c, p_id);
  outcome := taken.outcome;
  standing := exists (select from memkeep.erasure_step s where s.tenant = p_tenant and s.erasure = p_id and s.step = 'bar' and s.ended_ms is not null);
  if outcome = 'ok' and not standing then
    -- A hold is placed under the tenant's row too, so none comes between this look and the bar.
    if c.reach = 2 then
      perform 1 from memkeep.tenant t where t.tenant = p_tenant for update;
    else
      perform 1 from memkeep.tenant t where t.tenant = p_tenant for share;
    end if;
    if (taken.e).asked_by <> 2 and memkeep.is_held(c) then outcome := 'held'; end if;
  end if;
  if outcome = 'ok' and not standing then
    if c.reach = 2 then
      update memkeep.tenant t set state = 1, epoch = (taken.e).epoch where t.tenant = p_tenant and t.epoch <= (taken.e).epoch;
    else
      -- There may be one since the request.
      insert into memkeep.shelf as s (tenant, subject, epoch, state, version, floor, memories, bytes, created_ms)
        values (p_tenant, c.shelf, (taken.e).epoch, 1, 1, 0, 0, 0, c.at_ms)
        on conflict (tenant, subject) do update set state = 1, epoch = (taken.e).epoch, version = s.version + 1
        where s.epoch <= (taken.e).epoch;
    end if;
    get diagnostics number = row_count;
    if number = 0 then outcome := 'conflict'; end if;
  end if;
  if outcome = 'ok' and not standing then
    if c.reach = 2 then
      update memkeep.shelf s set state = 1, version = s.version + 1 where s.tenant = p_tenant;
      get diagnostics number = row_count;
    end if;
    -- What was made of the scope's memories is read by nobody from this commit on.
    ignored := memkeep.hide_derived(c, case when c.reach <> 2 then c.shelf end, p_id);
    update memkeep.erasure e set barred_ms = p_barred_ms where e.tenant = p_tenant and e.id = p_id;
  end if;
  if outcome = 'ok' then
    update memkeep.erasure e set until_ms = greatest(e.until_ms, p_until_ms) where e.tenant = p_tenant and e.id = p_id;
    select n.began_ms, n.ended_ms, n.notes, n.mac into began_ms, ended_ms, notes, mac
      from memkeep.note_step(c, p_id, 'bar', p_began_ms, p_barred_ms, '{}', p_mac) n;
  end if;
  perform memkeep.record(c, 'erasure.barred', outcome, '{}', number, p_detail);
  return next;
end $$;
