-- owner: memkeep_owner
-- callers: none

-- `seal`: id of a key of its own that each version has, made afresh for it and never used again (up to 46: a tag over id and version). Whether a version with that
-- key stands is asked before the key goes (doorways/standing-seals.sql).
create index artifact_seal on memkeep.artifact (tenant, seal) where seal is not null;
