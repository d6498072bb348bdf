-- owner: memkeep_owner
-- callers: none

-- No table changes: what was made of a memory goes by its changes too (guards/24-outdate.sql).
