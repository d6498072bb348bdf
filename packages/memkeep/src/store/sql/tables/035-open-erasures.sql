-- owner: memkeep_owner
-- callers: none

-- No table changes: a scope is barred in the epoch in which it stands, and an erasure that is open is not repeated (doorways/bar-scope.sql).
