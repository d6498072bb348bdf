-- owner: memkeep_owner
-- callers: none

-- No table changes. The doorways of an erasure's steps answer with the step as it stands, and what was made of a memory goes by its changes: an
-- older installer must not put its own in their place.
