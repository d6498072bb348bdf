-- owner: memkeep_owner
-- callers: none

-- How much of the erasure ledger, which is kept outside, this database knows: a restored one knows less. One row, under the
-- deployment's own tag.
create table memkeep.erasure_guard (
  tenant         bytea    not null,
  head           text     not null,
  primary key (tenant)
);
