-- owner: memkeep_owner
-- callers: none

-- The event that says which leaves of reads go; they go once it has its place in this very log. Null: none waits for that.
alter table memkeep.log add column pruning uuid;
create index log_pruning on memkeep.log (tenant, line) where pruning is not null;
