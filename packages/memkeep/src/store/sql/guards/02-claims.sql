-- owner: memkeep_owner
-- callers: memkeep_door memkeep_wide_door memkeep_upkeep_door memkeep_label_door memkeep_erase_door memkeep_derive_door memkeep_retain_door

-- What a verified token states. Offsets are those of store/token.ts.
do $$ begin
  if to_regtype('memkeep.claims') is null then
    create type memkeep.claims as (
      reach smallint, tenant bytea, shelf bytea, tenant_epoch integer, shelf_epoch integer, clearance integer,
      writable integer, actors integer, rights integer, principal bytea, event uuid, at_ms bigint, policy_version integer
    );
  end if;
end $$;

-- The tenant of the token that this call opened; null without one, and then no row is visible.
create or replace function memkeep.claim_tenant() returns bytea language sql stable cost 1000
return substring(memkeep.open_claims() from 6 for 16);

-- The tag of the principal that asks.
create or replace function memkeep.claim_principal() returns bytea language sql stable cost 1000
return substring(memkeep.open_claims() from 53 for 16);

-- The id of the event that the token is for: the one that the call writes or, for `settle`, that of the lost call.
create or replace function memkeep.claim_event() returns uuid language sql stable cost 1000
return encode(substring(memkeep.open_claims() from 69 for 16), 'hex')::uuid;

-- The name of the one doorway that the token opens.
create or replace function memkeep.claim_doorway() returns text language plpgsql stable cost 1000
set search_path = pg_catalog, pg_temp as $$
declare c bytea := memkeep.open_claims();
begin
  return convert_from(substring(c from 106 for greatest(octet_length(c) - 121, 0)), 'UTF8');
end $$;

-- The tag of the one API key that a token with the right `authenticate` (4096) looks up: it stands in the shelf's place.
create or replace function memkeep.claim_lookup() returns bytea language plpgsql stable cost 1000
set search_path = pg_catalog, pg_temp as $$
declare c bytea := memkeep.open_claims();
begin
  return case when ('x' || encode(substring(c from 49 for 4), 'hex'))::bit(32)::integer & 4096 <> 0
    then substring(c from 23 for 16) end;
end $$;

-- The shelf a call may write: its subject's, or the common one. Null for a tenant-wide reach, which writes nothing, and
-- without a right to write (2), delete (4), endorse (256), review (512) or sweep (16384).
create or replace function memkeep.claim_shelf() returns bytea language plpgsql stable cost 1000
set search_path = pg_catalog, pg_temp as $$
declare c bytea := memkeep.open_claims();
begin
  return case when get_byte(c, 21) in (0, 1)
    and ('x' || encode(substring(c from 49 for 4), 'hex'))::bit(32)::integer & (2 | 4 | 256 | 512 | 16384) <> 0
    then substring(c from 23 for 16) end;
end $$;

-- The shelves a call may read: its subject's and the common one. Null for a tenant-wide reach.
create or replace function memkeep.claim_shelves() returns bytea[] language plpgsql stable cost 1000
set search_path = pg_catalog, pg_temp as $$
declare c bytea := memkeep.open_claims();
begin
  return case get_byte(c, 21)
    when 0 then array[substring(c from 23 for 16)]
    when 1 then array[substring(c from 23 for 16), '\x00000000000000000000000000000000'::bytea]
  end;
end $$;

-- The tenant of a token whose reach is every subject; null for any other token.
create or replace function memkeep.claim_wide_tenant() returns bytea language plpgsql stable cost 1000
set search_path = pg_catalog, pg_temp as $$
declare c bytea := memkeep.open_claims();
begin
  return case when get_byte(c, 21) = 2 then substring(c from 6 for 16) end;
end $$;

-- The sensitivities a call may read.
create or replace function memkeep.claim_clearance() returns smallint[] language sql stable cost 1000
return case get_byte(memkeep.open_claims(), 46) & 7
  when 7 then '{0,1,2}'::smallint[] when 3 then '{0,1}' when 1 then '{0}' when 0 then '{}'
  when 2 then '{1}' when 4 then '{2}' when 5 then '{0,2}' when 6 then '{1,2}'
end;

-- True when the token opened by this call reaches such a shelf: its subject's or the common one. One call a row, so only for a
-- table whose rows are looked up one by one.
create or replace function memkeep.claim_reads(p_tenant bytea, p_subject bytea) returns boolean language plpgsql stable cost 1000
set search_path = pg_catalog, pg_temp as $$
declare c bytea := memkeep.open_claims();
begin
  return coalesce(substring(c from 6 for 16) = p_tenant and case
    when substring(c from 23 for 16) = p_subject then get_byte(c, 21) < 2
    else get_byte(c, 21) = 1 and p_subject = '\x00000000000000000000000000000000'
  end, false);
end $$;

-- True when the token opened by this call may write such a row: it carries a right to write (2), delete (4), endorse (256),
-- review (512) or sweep (16384) and reaches that shelf and label. One call a row, so it verifies once.
create or replace function memkeep.claim_writes(p_tenant bytea, p_subject bytea, p_sensitivity smallint)
returns boolean language plpgsql stable cost 1000
set search_path = pg_catalog, pg_temp as $$
declare c bytea := memkeep.open_claims();
begin
  return coalesce(substring(c from 6 for 16) = p_tenant and get_byte(c, 21) in (0, 1)
    and substring(c from 23 for 16) = p_subject
    and ('x' || encode(substring(c from 49 for 4), 'hex'))::bit(32)::integer & (2 | 4 | 256 | 512 | 16384) <> 0
    and (p_sensitivity is null or p_sensitivity between 0 and 2 and get_byte(c, 47) & (1 << p_sensitivity) <> 0), false);
end $$;

-- True when the token opened by this call carries one of the rights (bits of core/rights.ts).
create or replace function memkeep.claim_right(p_right integer) returns boolean language plpgsql stable cost 1000
set search_path = pg_catalog, pg_temp as $$
declare c bytea := memkeep.open_claims();
begin
  return coalesce(('x' || encode(substring(c from 49 for 4), 'hex'))::bit(32)::integer & p_right <> 0, false);
end $$;

-- True when the token opened by this call is for a doorway that lowers what came from a memory, and that memory is where such
-- a thing can stand: on the call's own shelf, or on any of the tenant when what is lowered or deleted is common to it.
create or replace function memkeep.claim_lowers(p_subject bytea) returns boolean language plpgsql stable cost 1000
set search_path = pg_catalog, pg_temp as $$
declare c bytea := memkeep.open_claims();
begin
  return coalesce(memkeep.claim_doorway() in ('forget', 'revise', 'sweep', 'settle', 'endorse', 'review')
    and (get_byte(c, 21) = 0 or get_byte(c, 21) = 1 and substring(c from 23 for 16) = p_subject), false);
end $$;

-- True for a call that weighs lines of statements: where claim_lowers() is, and on its own shelf where it supersedes.
create or replace function memkeep.claim_weighs(p_subject bytea) returns boolean language plpgsql stable cost 1000
set search_path = pg_catalog, pg_temp as $$
declare c bytea := memkeep.open_claims();
begin
  return memkeep.claim_lowers(p_subject)
    or coalesce(memkeep.claim_doorway() = 'remember' and get_byte(c, 21) < 2 and substring(c from 23 for 16) = p_subject, false);
end $$;

-- True on the shelf of a call that notes what trust its readers were shown (the common one, tenant-wide) or told, and for no other call.
create or replace function memkeep.claim_notes(p_subject bytea) returns boolean language plpgsql stable cost 1000
set search_path = pg_catalog, pg_temp as $$
declare c bytea := memkeep.open_claims();
begin
  return coalesce(memkeep.claim_doorway() in ('note_recalled', 'remember', 'revise') and substring(c from 23 for 16) = p_subject
    and (get_byte(c, 21) < 2 or p_subject = '\x00000000000000000000000000000000'), false);
end $$;
