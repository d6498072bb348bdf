-- owner: memkeep_owner
-- callers: none

-- No table changes. What supersedes a memory is as sensitive as that: an older installer must not put a guard in the place of this one that does not look.
