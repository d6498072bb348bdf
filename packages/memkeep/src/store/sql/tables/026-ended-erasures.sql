-- owner: memkeep_owner
-- callers: none

-- Erasures whose bar and record may go are found by when.
create index erasure_until on memkeep.erasure (tenant, until_ms) where state = 1;
