-- owner: memkeep_owner
-- callers: none

-- No table changes: a repeated erasure learns whose it is, so that outside stores are emptied too (doorways/name-erasure.sql, doorways/repeat-erasure.sql).
