-- owner: memkeep_owner
-- callers: none

-- No table changes. An artifact and a value of the cache are trusted no more than their author and what it was shown (doorways/register.sql): an older
-- installer must not put a doorway in the place of this one that knows neither.
