-- owner: memkeep_owner
-- callers: none

-- The line that all logs are in: one row, under the deployment's own tag; none: 1. It rises when an administrator accepts a
-- database that was set back.
create table memkeep.log_line (
  tenant         bytea    not null,
  line           integer  not null,
  primary key (tenant)
);
