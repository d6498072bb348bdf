-- owner: memkeep_owner
-- callers: none

-- No table changes. What a model names as its sources does not lift what it was shown (doorways/remember.sql): an older installer must not put a doorway in the place of
-- this one that does not look.
