-- owner: memkeep_owner
-- callers: memkeep_door memkeep_wide_door

-- Whether a call of support access may read: 'ok', or the outcome to return. Needs the right `support` (2097152) and a grant of the
-- tenant that this very principal asked for, on exactly what the call reaches, that stands at the token's time and that somebody else has
-- agreed to where it must be. One that is missing, another's, ended or not agreed to is one answer.
create or replace function memkeep.admit_support(c memkeep.claims, p_grant uuid, p_second boolean) returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp as $$
declare answer text;
begin
  select case
      when c.rights & 2097152 = 0 or c.reach = 0 then 'denied'
      when t.state <> 0 then 'barred'
      when t.epoch <> c.tenant_epoch then 'epoch'
      else 'ok'
    end into answer from memkeep.tenant t where t.tenant = c.tenant;
  if answer = 'ok' and c.reach = 1 then
    perform 1 from memkeep.shelf s where s.tenant = c.tenant and s.subject = c.shelf and s.state <> 0;
    if found then answer := 'barred'; end if;
  end if;
  if answer = 'ok' then
    perform 1 from memkeep.support g where g.tenant = c.tenant and g.id = p_grant and g.principal = c.principal
      and g.subject = c.shelf and c.reach = case when g.subject = '\x00000000000000000000000000000000' then 2 else 1 end
      and g.requested_ms <= c.at_ms and g.expires_ms > c.at_ms and g.ended_ms is null
      and (g.approved_ms is not null or not (g.second or p_second));
    if not found then answer := 'denied'; end if;
  end if;
  return coalesce(answer, 'unknown');
end $$;

-- True where a call that keeps answers reaches such a row: its own principal's, on its own shelf.
create or replace function memkeep.claim_answers(p_tenant bytea, p_subject bytea, p_principal bytea) returns boolean
language plpgsql stable cost 1000
set search_path = pg_catalog, pg_temp as $$
declare c bytea := memkeep.open_claims();
begin
  return coalesce(memkeep.claim_doorway() in ('claim_answer', 'keep_answer', 'drop_answer') and get_byte(c, 21) in (0, 1)
    and substring(c from 6 for 16) = p_tenant and substring(c from 23 for 16) = p_subject
    and substring(c from 53 for 16) = p_principal, false);
end $$;
