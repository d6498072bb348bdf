-- owner: memkeep_seal
-- callers: memkeep_owner memkeep_door memkeep_wide_door memkeep_upkeep_door memkeep_label_door memkeep_erase_door memkeep_derive_door memkeep_retain_door

-- A register of this session that nobody but memkeep_seal can write: what `currval` says of a sequence is what the session
-- itself last set it to, whatever other sessions do. Two of them hold the ticket: 128 bits of a digest over this
-- transaction, this client statement and the claims that open_token() has verified. Not a row, as that would be a write and
-- look-ups in every call (docs/decisions/0004).
do $$ begin
  if to_regclass('memkeep.ticket_high') is null then
    create unlogged sequence memkeep.ticket_high minvalue -9223372036854775808;
    create unlogged sequence memkeep.ticket_low minvalue -9223372036854775808;
  end if;
end $$;

-- The claims of the doorway call that is running, as open_token() left them: the token's payload and a random number, when
-- the ticket says that they are those of this very transaction and statement. Null when there is none, or when the setting was put there by anything
-- else. (In a session that has never opened a token, and for a setting that is not hexadecimal, it raises.) Policies ask
-- this and nothing else, so neither a setting planted inside a doorway nor one left from an earlier call opens a row.
create or replace function memkeep.open_claims() returns bytea
language plpgsql stable security definer cost 1000
set search_path = pg_catalog, pg_temp as $$
declare payload bytea := decode(current_setting('memkeep.claims', true), 'hex');
begin
  if payload is null or octet_length(payload) < 106 then return null; end if;
  if int8send(currval('memkeep.ticket_high')) || int8send(currval('memkeep.ticket_low')) = substring(
    sha256(xid8send(pg_current_xact_id_if_assigned()) || timestamptz_send(statement_timestamp()) || payload) for 16) then
    return payload;
  end if;
  return null;
end $$;
