-- owner: memkeep_owner
-- callers: none

-- The events of all reads below it lie in the cold tier, proved: their rows may go.
alter table memkeep.log add column archived bigint not null default 0;
