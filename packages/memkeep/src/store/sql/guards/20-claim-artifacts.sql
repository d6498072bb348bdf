-- owner: memkeep_owner
-- callers: memkeep_door memkeep_wide_door memkeep_upkeep_door memkeep_derive_door

-- True when the token opened by this call may write such an artifact: on the shelf that it writes, or, with the right
-- `common` (8), on the one that its tenant's subjects share. One call a row, so it verifies once.
create or replace function memkeep.claim_registers(p_tenant bytea, p_shelf bytea, p_sensitivity smallint)
returns boolean language plpgsql stable cost 1000
set search_path = pg_catalog, pg_temp as $$
declare c bytea := memkeep.open_claims();
begin
  return coalesce(substring(c from 6 for 16) = p_tenant and get_byte(c, 21) in (0, 1)
    and (substring(c from 23 for 16) = p_shelf or p_shelf = '\x00000000000000000000000000000000'::bytea
      and ('x' || encode(substring(c from 49 for 4), 'hex'))::bit(32)::integer & 8 <> 0)
    and ('x' || encode(substring(c from 49 for 4), 'hex'))::bit(32)::integer & (2 | 4 | 16384) <> 0
    and (p_sensitivity is null or p_sensitivity between 0 and 2 and get_byte(c, 47) & (1 << p_sensitivity) <> 0), false);
end $$;
