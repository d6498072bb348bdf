-- owner: memkeep_owner
-- callers: none

-- A line of statements that supersede one another is followed from the newest on when a history brings it. `line`: of one that is superseded, how many
-- versions it and all that it superseded have; null where that was not counted yet.
alter table memkeep.aside add column line integer;
create index aside_successor on memkeep.aside (tenant, subject, successor) where successor is not null;
