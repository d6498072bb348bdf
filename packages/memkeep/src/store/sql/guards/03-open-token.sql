-- owner: memkeep_seal
-- callers: memkeep_door memkeep_wide_door memkeep_upkeep_door memkeep_erase_door memkeep_derive_door memkeep_retain_door

-- Opens a scope token for one call of one doorway: every doorway's first act. Returns its claims and leaves them, under a
-- ticket good for this statement only, where the policies look; record() takes them away again.
-- Raises MK001 when the token is not authentic or is meant for another doorway or tenant, MK002 when its time is wrong by the database's clock, MK003 when the key it names is not (or no longer) installed, MK004 under an
-- isolation level whose snapshot could miss a bar, where commits do not wait for the disk (whatever the token says: only this
-- function relaxes that, and only for a read), or in a transaction that has
-- opened a token (or written) before: with the tickets of two tokens, SQL injected into a doorway could have one policy
-- read the tenant of one and the clearance of the other. A transaction id cannot be given back, not by a savepoint either,
-- so it tells. Says nothing more.
create or replace function memkeep.open_token(p_tenant bytea, p_token bytea, p_doorway text) returns memkeep.claims
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp as $$
declare
  payload bytea;
  stated  bit(840);
  key     record;
  now_ms  bigint := extract(epoch from clock_timestamp()) * 1000;
  lifetime_ms bigint;
  held    bytea;
  ticket  bytea;
  halves  bit(128);
  flags   integer;
  ignored text;
begin
  if current_setting('transaction_isolation') <> 'read committed' or current_setting('synchronous_commit') = 'off' then
    raise exception 'read committed only, and durably' using errcode = 'MK004';
  end if;
  if pg_current_xact_id_if_assigned() is not null then
    raise exception 'one doorway call a transaction' using errcode = 'MK004';
  end if;
  if p_token is null or octet_length(p_token) < 138 or get_byte(p_token, 0) <> 1 then
    raise exception 'scope token refused' using errcode = 'MK001';
  end if;
  payload := substring(p_token for octet_length(p_token) - 32);
  -- Its fixed part as bits, from which a number is two functions and not six: each is made ready anew in every call.
  stated := ('x' || encode(substring(payload for 105), 'hex'))::bit(840);
  select k.ipad, k.opad into key from memkeep.token_key k
    where k.id = substring(stated from 9 for 32)::integer and k.from_ms <= now_ms and k.until_ms > now_ms;
  if not found then
    raise exception 'scope token refused' using errcode = 'MK003';
  end if;
  -- An assignment is planned without its values. In a statement they would be constants of a plan, which a caller may have
  -- printed (debug_print_plan): no key in any statement here.
  -- Both sides are hashed once more, so that the time of the comparison tells nothing of the right code.
  if sha256(key.ipad || sha256(key.opad || sha256(key.ipad || payload)))
      <> sha256(key.ipad || substring(p_token from octet_length(payload) + 1))
    or substring(payload from 106) <> convert_to(p_doorway, 'UTF8')
    or substring(payload from 6 for 16) is distinct from p_tenant then
    raise exception 'scope token refused' using errcode = 'MK001';
  end if;
  lifetime_ms := substring(stated from 737 for 64)::bigint - now_ms;
  if lifetime_ms <= 0 or lifetime_ms > 60000 then
    raise exception 'scope token refused' using errcode = 'MK002';
  end if;
  -- Bit 128: a read whose commit does not wait for the disk, as the deployment asked for. It ends with this transaction,
  -- which opens no other token. Of a doorway that changes anything but the ledger it is no token of ours.
  flags := get_byte(payload, 104);
  if flags > 127 then
    if p_doorway not in ('recall', 'wide_recall', 'read', 'wide_read', 'load', 'wide_load', 'load_shelves', 'list_shelves') then
      raise exception 'scope token refused' using errcode = 'MK001';
    end if;
    ignored := set_config('synchronous_commit', 'off', true);
  end if;
  -- With a number that only the setting holds: when that is emptied (or rolled back), the caller, who knows what its token
  -- states, cannot state it again for a second call in the same statement.
  held := payload || uuid_send(gen_random_uuid());
  ticket := sha256(xid8send(pg_current_xact_id()) || timestamptz_send(statement_timestamp()) || held);
  halves := ('x' || encode(substring(ticket for 16), 'hex'))::bit(128);
  ignored := set_config('memkeep.claims', encode(held, 'hex'), true)
    || setval('memkeep.ticket_high', substring(halves from 1 for 64)::bigint)
    || setval('memkeep.ticket_low', substring(halves from 65 for 64)::bigint);
  return row(
    get_byte(payload, 21)::smallint,
    p_tenant,
    substring(payload from 23 for 16),
    substring(stated from 305 for 32)::integer,
    substring(stated from 337 for 32)::integer,
    get_byte(payload, 46),
    get_byte(payload, 47),
    -- Four authors, and two bits for what a tool is trusted at the most.
    flags & 63,
    substring(stated from 385 for 32)::integer,
    substring(payload from 53 for 16),
    encode(substring(payload from 69 for 16), 'hex')::uuid,
    substring(stated from 673 for 64)::bigint,
    substring(stated from 801 for 32)::integer
  )::memkeep.claims;
end $$;
