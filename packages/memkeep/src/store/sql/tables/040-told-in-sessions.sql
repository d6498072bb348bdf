-- owner: memkeep_owner
-- callers: none

-- No table changes. What is added or revised in a session is told there (doorways/remember.sql, revise.sql); a line of statements that supersede one
-- another, and a page of an export, have an end: an older installer must not put doorways in the place of these that know neither.
