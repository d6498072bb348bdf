-- owner: memkeep_owner
-- callers: none

-- What the whole deployment reads, learnt from several tenants' memories. `tenant` is the deployment's own tag. Sealed under a key of its
-- own each. `state`: 0 readable, 1 hidden until it is rebuilt, 2 hidden, and no more tries; what is hidden has no content.
create table memkeep.library_entry (
  tenant         bytea    not null,
  id             uuid     not null,
  version        integer  not null,
  kind           text     not null,
  state          smallint not null,
  sensitivity    smallint not null,
  trust          smallint not null,
  contributors   integer  not null,                                  -- memories that were named and are still there
  created_ms     bigint   not null,
  updated_ms     bigint   not null,
  seal           bytea    not null,                                  -- tag of its key
  epoch          integer  not null,
  content        bytea    not null,                                  -- sealed
  attempts       integer  not null default 0,
  due_ms         bigint,
  failure        text,
  primary key (tenant, id)
);

-- Whose memories stand behind an entry, at any distance; `home` is the deployment's tag. `direct`: it was named.
create table memkeep.library_contribution (
  tenant         bytea    not null,
  subject        bytea    not null,
  source         uuid     not null,
  entry          uuid     not null,
  home           bytea    not null,
  direct         boolean  not null,
  primary key (tenant, subject, source, entry)
);
