-- owner: memkeep_owner
-- callers: none

-- No table changes: an erasure notes some ids of what it removes (known_of_scope), and asks every read path for them.
