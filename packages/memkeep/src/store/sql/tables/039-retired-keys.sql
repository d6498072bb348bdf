-- owner: memkeep_owner
-- callers: none

-- No table changes. Two more actions of what was unlearnt: 6 the key of its own that a version of an artifact had which nobody reads any more, to be deleted;
-- 7 that of an entry of the library (guards/22-unlearn.sql, doorways/retired-keys.sql).
