-- owner: memkeep_owner
-- callers: memkeep_erase_door memkeep_upkeep_door

-- The shelves that a token reaches, as a range of subjects: both ends are its subject, or, for every subject of the tenant,
-- the lowest and the highest tag. Null without all the rights of p_right. As a range they are conditions of an index, looked
-- at once a scan, for one subject and for all.
create or replace function memkeep.claim_lowest(p_right integer) returns bytea language plpgsql stable cost 1000
set search_path = pg_catalog, pg_temp as $$
declare c bytea := memkeep.open_claims();
begin
  if ('x' || encode(substring(c from 49 for 4), 'hex'))::bit(32)::integer & p_right <> p_right then return null; end if;
  return case get_byte(c, 21) when 2 then decode(repeat('00', 16), 'hex') else substring(c from 23 for 16) end;
end $$;

create or replace function memkeep.claim_highest(p_right integer) returns bytea language plpgsql stable cost 1000
set search_path = pg_catalog, pg_temp as $$
declare c bytea := memkeep.open_claims();
begin
  if ('x' || encode(substring(c from 49 for 4), 'hex'))::bit(32)::integer & p_right <> p_right then return null; end if;
  return case get_byte(c, 21) when 2 then decode(repeat('ff', 16), 'hex') else substring(c from 23 for 16) end;
end $$;

-- How many rows each table holds of what an erasure of these subjects must remove, earlier versions and what has expired
-- included. One line for each table that docs and inventory (store/inventory.ts) say goes. Runs under the policies of whoever
-- calls: the erasure's own door, and upkeep's, whose policies ask for the tenant alone.
create or replace function memkeep.held_of_scope(p_tenant bytea, p_low bytea, p_high bytea)
returns table (name text, held bigint)
language plpgsql volatile
set search_path = pg_catalog, pg_temp as $$
begin
  -- each table
  return query select 'memory', count(*) from memkeep.memory m
    where m.tenant = p_tenant and m.subject >= p_low and m.subject <= p_high;
  return query select 'memory_version', count(*) from memkeep.memory_version v
    where v.tenant = p_tenant and v.subject >= p_low and v.subject <= p_high;
  return query select 'removal', count(*) from memkeep.removal r
    where r.tenant = p_tenant and r.subject >= p_low and r.subject <= p_high;
  return query select 'request', count(*) from memkeep.request q
    where q.tenant = p_tenant and q.subject >= p_low and q.subject <= p_high;
  return query select 'api_key', count(*) from memkeep.api_key k
    where k.tenant = p_tenant and k.subject >= p_low and k.subject <= p_high;
  return query select 'hold', count(*) from memkeep.hold d
    where d.tenant = p_tenant and d.subject >= p_low and d.subject <= p_high;
  return query select 'lineage', count(*) from memkeep.lineage l
    where l.tenant = p_tenant and l.subject >= p_low and l.subject <= p_high;
  return query select 'recalled', count(*) from memkeep.recalled n
    where n.tenant = p_tenant and n.subject >= p_low and n.subject <= p_high;
  return query select 'aside', count(*) from memkeep.aside a
    where a.tenant = p_tenant and a.subject >= p_low and a.subject <= p_high;
  return query select 'reviewed', count(*) from memkeep.reviewed w
    where w.tenant = p_tenant and w.subject >= p_low and w.subject <= p_high;
  return query select 'undistilled', count(*) from memkeep.undistilled u
    where u.tenant = p_tenant and u.subject >= p_low and u.subject <= p_high;
  return query select 'artifact', count(*) from memkeep.artifact a
    where a.tenant = p_tenant and a.subject >= p_low and a.subject <= p_high;
  return query select 'contribution', count(*) from memkeep.contribution k where k.tenant = p_tenant
    and (k.subject >= p_low and k.subject <= p_high or k.shelf >= p_low and k.shelf <= p_high);
  return query select 'library_contribution', count(*) from memkeep.library_contribution k
    where k.tenant = p_tenant and k.subject >= p_low and k.subject <= p_high;
  return query select 'support', count(*) from memkeep.support g
    where g.tenant = p_tenant and g.subject >= p_low and g.subject <= p_high;
  return query select 'answer', count(*) from memkeep.answer a
    where a.tenant = p_tenant and a.subject >= p_low and a.subject <= p_high;
  -- A barred shelf may stay: empty, without a name.
  return query select 'shelf', count(*) from memkeep.shelf s
    where s.tenant = p_tenant and s.subject >= p_low and s.subject <= p_high
      and (s.name is not null or s.memories <> 0 or s.bytes <> 0 or p_low <> p_high);
  -- Of principals, for the tenant alone.
  return query select 'disclosed', count(*) from memkeep.disclosed d where d.tenant = p_tenant and p_low <> p_high;
  return query select 'tenant', count(*) from memkeep.tenant t
    where t.tenant = p_tenant and p_low <> p_high and (octet_length(t.name) > 0 or t.policy is not null);
end $$;
