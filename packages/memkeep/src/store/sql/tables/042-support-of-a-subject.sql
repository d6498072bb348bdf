-- owner: memkeep_owner
-- callers: none

-- What an erasure removes is found by whose it is, in every table.
create index support_subject on memkeep.support (tenant, subject);
