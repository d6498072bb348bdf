-- owner: memkeep_owner
-- callers: none

-- Versions that a person has looked at: the screen does not hold them when they are recalled.
create table memkeep.reviewed (
  tenant         bytea    not null,
  subject        bytea    not null,
  id             uuid     not null,
  version        integer  not null,
  primary key (tenant, subject, id)
);
