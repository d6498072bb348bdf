-- owner: memkeep_owner
-- callers: none

-- No table changes. What stands behind an artifact is followed through what was set aside, and an answer that brings nothing counts as one disclosed: an
-- older installer must not put guards in the place of these that do neither.
