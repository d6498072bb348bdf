-- owner: memkeep_owner
-- callers: none

-- By the digest alone within its tenant: beside the subject, which policies compare to several, the planner takes another index
-- for as good, and reads a whole shelf for each memory that is added. A digest is under its subject's key, so it is nobody else's.
drop index memkeep.memory_same;
create index memory_same on memkeep.memory (tenant, same) where same is not null;
