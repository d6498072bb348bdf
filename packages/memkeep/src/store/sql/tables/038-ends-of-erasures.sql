-- owner: memkeep_owner
-- callers: none

-- No table changes: an erasure ends with the backups of its deletion, and no step before its request (doorways/bar-scope.sql, guards/10-erasing.sql).
