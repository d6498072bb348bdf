-- owner: memkeep_owner
-- callers: none

-- What a principal was shown since a moment, where it has a budget: one row each, begun anew when its time is over.
create table memkeep.disclosed (
  tenant         bytea    not null,
  principal      bytea    not null,
  from_ms        bigint   not null,
  memories       bigint   not null,
  primary key (tenant, principal)
);
