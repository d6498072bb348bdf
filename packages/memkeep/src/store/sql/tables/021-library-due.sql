-- owner: memkeep_owner
-- callers: none

-- What of the library waits to be rebuilt.
create index library_entry_due on memkeep.library_entry (tenant, due_ms) where state = 1;
