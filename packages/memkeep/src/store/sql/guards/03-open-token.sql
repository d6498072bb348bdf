-- owner: memkeep_seal
-- callers: memkeep_door memkeep_wide_door memkeep_upkeep_door

-- Opens a scope token for one call of one doorway: every doorway's first act. Returns its claims and leaves them, under a
-- ticket good for this statement only, where the policies look; record() takes them away again.
-- Raises MK001 when the token is not authentic or is meant for another doorway or tenant, MK002 when its time is wrong by the database's clock, MK003 when the key it names is not (or no longer) installed, MK004 under an
-- isolation level whose snapshot could miss a bar, or in a transaction that has opened a token (or written) before: with the
-- tickets of two tokens, SQL injected into a doorway could have one policy read the tenant of one and the clearance of the
-- other. A transaction id cannot be given back, not by a savepoint either, so it tells. Says nothing more.
create or replace function memkeep.open_token(p_tenant bytea, p_token bytea, p_doorway text) returns memkeep.claims
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp as $$
declare
  size    integer := octet_length(p_token) - 32;
  payload bytea;
  key     record;
  now_ms  bigint := extract(epoch from clock_timestamp()) * 1000;
  expires_ms bigint;
  ticket  text;
  claims  memkeep.claims;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'read committed only' using errcode = 'MK004';
  end if;
  if pg_current_xact_id_if_assigned() is not null then
    raise exception 'one doorway call a transaction' using errcode = 'MK004';
  end if;
  if size is null or size < 106 or get_byte(p_token, 0) <> 1 then
    raise exception 'scope token refused' using errcode = 'MK001';
  end if;
  payload := substring(p_token from 1 for size);
  select * into key from memkeep.token_key k
    where k.id = ('x' || encode(substring(payload from 2 for 4), 'hex'))::bit(32)::integer;
  if not found or now_ms < key.from_ms or now_ms >= key.until_ms then
    raise exception 'scope token refused' using errcode = 'MK003';
  end if;
  -- Both sides are hashed once more, so that the time of the comparison tells nothing of the right code.
  if sha256(key.ipad || sha256(key.opad || sha256(key.ipad || payload)))
      <> sha256(key.ipad || substring(p_token from size + 1))
    or convert_from(substring(payload from 106), 'UTF8') <> p_doorway
    or substring(payload from 6 for 16) is distinct from p_tenant then
    raise exception 'scope token refused' using errcode = 'MK001';
  end if;
  expires_ms := ('x' || encode(substring(payload from 93 for 8), 'hex'))::bit(64)::bigint;
  if expires_ms <= now_ms or expires_ms > now_ms + 60000 then
    raise exception 'scope token refused' using errcode = 'MK002';
  end if;
  -- The token's own MAC begins with its version, 1; a ticket's with 2: neither passes for the other.
  -- An assignment is planned without its values. In a statement they would be constants of a plan, which a caller may have
  -- printed (debug_print_plan): no key in any statement here.
  ticket := encode(payload || sha256(key.opad || sha256(key.ipad || '\x02'::bytea
    || xid8send(pg_current_xact_id()) || timestamptz_send(statement_timestamp()) || payload)), 'hex');
  perform set_config('memkeep.claims', ticket, true);
  claims := row(
    get_byte(payload, 21)::smallint,
    p_tenant,
    substring(payload from 23 for 16),
    ('x' || encode(substring(payload from 39 for 4), 'hex'))::bit(32)::integer,
    ('x' || encode(substring(payload from 43 for 4), 'hex'))::bit(32)::integer,
    get_byte(payload, 46),
    get_byte(payload, 47),
    get_byte(payload, 104),
    ('x' || encode(substring(payload from 49 for 4), 'hex'))::bit(32)::integer,
    substring(payload from 53 for 16),
    encode(substring(payload from 69 for 16), 'hex')::uuid,
    ('x' || encode(substring(payload from 85 for 8), 'hex'))::bit(64)::bigint,
    ('x' || encode(substring(payload from 101 for 4), 'hex'))::bit(32)::integer
  )::memkeep.claims;
  return claims;
end $$;
