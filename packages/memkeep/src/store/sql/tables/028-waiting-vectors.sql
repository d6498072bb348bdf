-- owner: memkeep_owner
-- callers: none

-- The version that a shelf got when a memory was last stored on it without its vector, which upkeep then asks for; null: none
-- waits. Not when it was embedded, but which write: one that comes while upkeep is at it is seen.
alter table memkeep.shelf add column waits bigint;
create index shelf_waits on memkeep.shelf (tenant, subject) where waits is not null;
