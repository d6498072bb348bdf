-- owner: memkeep_owner
-- callers: none

-- The newest proof that the deployment's log committed to a head of this one. That log has no table of its own: its leaves,
-- tiles and checkpoints lie beside the tenants', under a tag that is no tenant's.
create table memkeep.anchor (
  tenant         bytea    not null,
  line           integer  not null,
  size           bigint   not null,                                  -- of the head that is committed to
  vkey           text     not null,                                  -- of the deployment's log
  proof          text     not null,                                  -- that the tick is in it: a tlog-proof with the leaf
  head           text     not null,                                  -- that the tick commits to the head
  primary key (tenant, line)
);
