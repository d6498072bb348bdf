-- owner: memkeep_door
-- callers: memkeep_app

-- Registers what was computed from memories on p_shelf: the call's own, or, with the right `common`, the one that the tenant's
-- subjects share (zero bytes). A value of the cache (p_place 1) takes the place of the one under its id.
-- It is trusted no more than its sources, than any author that the caller may claim to be, and than what p_readers (null: none) were shown or told.
-- Outcomes: ok, missing (a source), conflict (labels: it answers the most trust and the least sensitivity that these allow), denied,
-- barred, epoch, policy, unknown.
-- An earlier build's had fewer arguments, and a call that fits both would fit none.
drop function if exists memkeep.register(bytea, bytea, bytea, bytea, uuid, text, smallint, smallint, smallint, bigint, uuid[], bytea, integer, bytea, bytea, bytea);
create or replace function memkeep.register(p_tenant bytea, p_token bytea, p_shelf bytea, p_name bytea, p_id uuid,
  p_kind text, p_place smallint, p_sensitivity smallint, p_trust smallint, p_expires_ms bigint, p_derived uuid[],
  p_seal bytea, p_epoch integer, p_content bytea, p_details bytea, p_detail bytea, p_readers bytea[] default null)
returns table (outcome text, sensitivity smallint, trust smallint)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  c memkeep.claims := memkeep.open_token(p_tenant, p_token, 'register');
  shared boolean := p_shelf = '\x00000000000000000000000000000000'::bytea;
  needs integer := case when shared then 2 | 8 else 2 end;
  most smallint;
  answer record;
  ignored text;
begin
  outcome := case when c.reach <> 2 and (p_shelf = c.shelf or shared) and p_place between 0 and 2
    and (p_place = 1 or p_derived <> '{}') and p_trust between 0 and 2
    and p_sensitivity between 0 and 2 and c.writable & (1 << p_sensitivity) <> 0
    and p_kind ~ '^[a-z][a-z0-9_-]{0,31}$' then 'ok' else 'denied' end;
  if outcome = 'ok' and c.rights & needs <> needs then
    outcome := memkeep.admit(c, needs);
  elsif outcome = 'ok' and (c.reach = 1 or p_place = 1) then
    select l.outcome into outcome from memkeep.lock_shelf(c, needs, true, p_name) l;
  elsif outcome = 'ok' then
    outcome := memkeep.admit(c, needs);
  end if;
  if outcome = 'ok' then
    select least(max(w.ceiling), memkeep.trust_recalled(c, p_readers)) into most
      from unnest(array[1, 2, 3, c.actors >> 4]) with ordinality as w (ceiling, actor) where c.actors & (1 << (w.actor::integer - 1)) <> 0;
    if coalesce(most, 0) < p_trust then
      outcome := 'conflict';
      sensitivity := p_sensitivity;
      trust := coalesce(most, 0);
    end if;
  end if;
  if outcome = 'ok' and p_place = 1 then
    delete from memkeep.artifact a where a.tenant = p_tenant and a.subject = p_shelf and a.id = p_id and a.place = 1;
    if found then ignored := memkeep.unlearn(c, p_shelf, array[p_id], c.event); end if;
    update memkeep.shelf s set due_ms = least(s.due_ms, p_expires_ms) where s.tenant = p_tenant and s.subject = p_shelf;
  end if;
  if outcome = 'ok' and p_derived <> '{}' then
    select * into answer from memkeep.contribute(c, p_shelf, p_id, p_derived, p_sensitivity, p_trust);
    outcome := answer.outcome;
    sensitivity := answer.sensitivity;
    trust := answer.trust;
  end if;
  if outcome = 'ok' then
    insert into memkeep.artifact (tenant, subject, id, version, kind, place, state, sensitivity, trust, created_ms,
      updated_ms, expires_ms, derived_from, epoch, seal, content, details)
    values (p_tenant, p_shelf, p_id, 1, p_kind, p_place, 0, p_sensitivity, p_trust, c.at_ms, c.at_ms, p_expires_ms,
      p_derived, p_epoch, p_seal, p_content, p_details);
  end if;
  ignored := memkeep.record(c, case p_place when 1 then 'cache.set' else 'artifact.register' end, outcome, array[p_id],
    case when outcome = 'ok' then 1 else 0 end, p_detail);
  return next;
end $$;
