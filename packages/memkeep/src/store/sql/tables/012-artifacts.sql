-- owner: memkeep_owner
-- callers: none

-- What was computed from memories: summaries, reflections, facts, entries of the cache, models. `subject` is the shelf that it
-- belongs to: one subject's, or sixteen zero bytes for what the tenant's subjects share. `place`: 0 its content is sealed
-- here, 1 its value lies in the cache and `content` is that value's digest, 2 it lies out of reach (a deployed fine-tune).
-- `state`: 0 readable, 1 hidden until it is rebuilt, 2 hidden, and no more tries. What is hidden has no content.
create table memkeep.artifact (
  tenant         bytea    not null,
  subject        bytea    not null,
  id             uuid     not null,
  version        integer  not null,
  kind           text     not null,
  place          smallint not null,
  state          smallint not null,
  sensitivity    smallint not null,
  trust          smallint not null,
  created_ms     bigint   not null,
  updated_ms     bigint   not null,
  expires_ms     bigint,
  derived_from   uuid[]   not null,                                  -- memories and artifacts that it was made from
  epoch          integer  not null,                                  -- of the key that it is sealed under
  seal           bytea,                                              -- tag of a key of its own; null: the subject's key
  content        bytea    not null,                                  -- sealed
  details        bytea    not null,                                  -- sealed
  attempts       integer  not null default 0,
  due_ms         bigint,                                             -- when its rebuilding is tried next
  failure        text,                                               -- code of the last try's error
  primary key (tenant, subject, id)
);
create index artifact_expiry on memkeep.artifact (tenant, subject, expires_ms) where expires_ms is not null;
create index artifact_hidden on memkeep.artifact (tenant, due_ms) where state = 1;

-- Everything that stands behind an artifact, at any distance: `subject` is the shelf of the source, `shelf` the artifact's.
-- `direct`: it was named as a source. `derived`: the source is an artifact itself.
create table memkeep.contribution (
  tenant         bytea    not null,
  subject        bytea    not null,
  source         uuid     not null,
  shelf          bytea    not null,
  artifact       uuid     not null,
  direct         boolean  not null,
  derived        boolean  not null,
  primary key (tenant, subject, source, shelf, artifact)
);
create index contribution_artifact on memkeep.contribution (tenant, shelf, artifact);

-- What became of artifacts when a source went: for the report of an erasure, and the keys of their own that are to be
-- destroyed. `subject`: the artifact's shelf. `cause`: the erasure, or the event that removed the source. `action`: 0 dropped,
-- 1 hidden to be rebuilt, 2 out of reach, 3 a value of the cache, to be removed there. Kept until that is done.
create table memkeep.unlearned (
  tenant         bytea    not null,
  subject        bytea    not null,
  cause          uuid     not null,
  artifact       uuid     not null,
  kind           text     not null,
  action         smallint not null,
  seal           bytea,
  epoch          integer  not null,
  at_ms          bigint   not null,
  primary key (tenant, subject, cause, artifact)
);
