-- owner: memkeep_owner
-- callers: none

-- The log of each tenant: RFC 6962, its events in an order without gaps. A row of `event` is what happened; a row of
-- `pending` says that it has no place in the log yet, and goes in the transaction that gives it one. No row of `event` is
-- ever changed for it.
create table memkeep.pending (
  tenant         bytea    not null,
  id             uuid     not null,
  class          smallint not null,                                  -- with period and id: which row of event
  period         smallint not null,
  xid            xid8     not null default pg_current_xact_id(),     -- of two, the later began after the earlier was seen
  primary key (tenant, id)
);

-- The head of a log. `line` counts the logs of a tenant: a new one begins when a database that was rolled back is accepted.
create table memkeep.log (
  tenant         bytea    not null,
  line           integer  not null,
  size           bigint   not null,
  min_index      bigint   not null default 0,                        -- entries before it may be gone; a multiple of 256
  vkey           text     not null,                                  -- the public key that its checkpoints are signed with
  signed_ms      bigint   not null,
  note           text     not null,                                  -- the newest signed checkpoint
  primary key (tenant, line)
);

-- The leaves, byte for byte, and under which key the commitment of each is: 0 the tenant's own, 1 the subject's, 2 the
-- deployment's, null for one that nobody can open.
create table memkeep.log_entry (
  tenant         bytea    not null,
  line           integer  not null,
  seq            bigint   not null,
  event          uuid,
  class          smallint not null,
  under          smallint,
  key_epoch      integer,
  key_version    integer,
  entry          bytea,                                              -- null: pruned
  primary key (tenant, line, seq)
);
create index log_entry_event on memkeep.log_entry (tenant, event) where event is not null;

-- Full tiles of 256 hashes (C2SP tlog-tiles) and their roots. A tile that is not full follows from the entries, or from the
-- roots of the tiles below it.
create table memkeep.log_tile (
  tenant         bytea    not null,
  line           integer  not null,
  level          smallint not null,
  index          bigint   not null,
  root           bytea    not null,
  hashes         bytea    not null,
  primary key (tenant, line, level, index)
);
alter table memkeep.log_tile alter column hashes set storage external;

-- Every checkpoint that was signed.
create table memkeep.checkpoint (
  tenant         bytea    not null,
  line           integer  not null,
  size           bigint   not null,
  signed_ms      bigint   not null,
  note           text     not null,
  primary key (tenant, line, size)
);

-- What was recorded before there was a log takes its place in it, oldest first. Row security hides it from its owner, so it
-- is lifted for this transaction, and forced again by the installer.
alter table memkeep.event no force row level security;
insert into memkeep.pending (tenant, id, class, period, xid) select tenant, id, class, period, '0'::xid8 from memkeep.event;

-- Which actions and outcomes there are is what the doorways write: each is a literal there, or compared with literals. The
-- form is that of the log's leaves.
alter domain memkeep.action drop constraint action_check;
alter domain memkeep.action add constraint action_check check (value ~ '^[a-z][a-z0-9_.-]{0,63}$');
alter domain memkeep.outcome drop constraint outcome_check;
alter domain memkeep.outcome add constraint outcome_check check (value ~ '^[a-z][a-z0-9_.-]{0,63}$');
