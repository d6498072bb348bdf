-- owner: memkeep_owner
-- callers: none

-- No table changes. A tenant-wide search reads many shelves in one call (doorways/load-shelves.sql).
