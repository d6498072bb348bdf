-- owner: memkeep_owner
-- callers: none

-- When a key was last looked up, to the minute; and those that end are found by when they do.
alter table memkeep.api_key add column used_ms bigint;
create index api_key_expiry on memkeep.api_key (expires_ms) where expires_ms is not null;
