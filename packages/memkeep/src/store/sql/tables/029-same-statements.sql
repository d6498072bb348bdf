-- owner: memkeep_owner
-- callers: none

-- A statement that stays for good and came from no memory: a digest of it under the key of its subject, by which one that is
-- made again is known. Null for all else.
alter table memkeep.memory add column same bytea;
create index memory_same on memkeep.memory (tenant, subject, same, sensitivity) where same is not null;
