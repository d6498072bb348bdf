-- owner: memkeep_seal
-- callers: none

-- Keys that verify scope tokens, as the two HMAC pads. Belongs to no tenant; on Citus a plain local table on every node.
create table memkeep.token_key (
  id             integer  not null primary key,
  ipad           bytea    not null check (octet_length(ipad) = 64),
  opad           bytea    not null check (octet_length(opad) = 64),
  from_ms        bigint   not null,
  until_ms       bigint   not null
);
