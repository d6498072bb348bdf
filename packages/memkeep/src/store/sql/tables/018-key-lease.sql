-- owner: memkeep_owner
-- callers: none

-- For how long processes that serve hold keys open, and when one of those said so last: an erasure waits for the longest. A row for each length,
-- under the deployment's own tag.
create table memkeep.key_lease (
  tenant         bytea    not null,
  hold_ms        bigint   not null,
  seen_ms        bigint   not null,
  primary key (tenant, hold_ms)
);
