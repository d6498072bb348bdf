-- owner: memkeep_owner
-- callers: none

-- No table changes: an idempotency key without an answer is held for ten minutes (doorways/claim-answer.sql, keep-answer.sql).
