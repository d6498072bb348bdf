-- owner: memkeep_seal
-- callers: memkeep_owner memkeep_door memkeep_wide_door memkeep_upkeep_door

-- The claims of the doorway call that is running, as open_token() left them: the token's payload under a ticket, a MAC over
-- it, this transaction and this client statement. Null when there is none or when it was put there by anything but
-- open_token() in this very statement. (A setting that is not hexadecimal raises.) Policies ask this and nothing else, so
-- neither a setting planted inside a doorway nor one left from an earlier call opens a row.
create or replace function memkeep.open_claims() returns bytea
language plpgsql stable security definer cost 1000
set search_path = pg_catalog, pg_temp as $$
declare
  ticket  bytea := decode(current_setting('memkeep.claims', true), 'hex');
  size    integer := octet_length(ticket) - 32;
  payload bytea;
  inner_pad bytea;
  outer_pad bytea;
begin
  if size is null or size < 106 then return null; end if;
  payload := substring(ticket from 1 for size);
  select k.ipad, k.opad into inner_pad, outer_pad from memkeep.token_key k
    where k.id = ('x' || encode(substring(payload from 2 for 4), 'hex'))::bit(32)::integer;
  if substring(ticket from size + 1) = sha256(outer_pad || sha256(inner_pad || '\x02'::bytea
      || xid8send(pg_current_xact_id_if_assigned()) || timestamptz_send(statement_timestamp()) || payload)) then
    return payload;
  end if;
  return null;
end $$;
