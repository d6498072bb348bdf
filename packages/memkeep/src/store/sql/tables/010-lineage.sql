-- owner: memkeep_owner
-- callers: none

-- What came from what: one row for each source that a memory names, on the shelf of the memory that names it. No label and
-- nothing sealed: two ids. A source that expires leaves its rows, so that what came from it stays within reach of what it
-- came from itself.
create table memkeep.lineage (
  tenant         bytea    not null,
  subject        bytea    not null,
  source         uuid     not null,
  derived        uuid     not null,
  primary key (tenant, source, subject, derived)
);
create index lineage_derived on memkeep.lineage (tenant, subject, derived);

-- The lowest trust that somebody was shown of what a shelf's scopes read: a session, or a principal without one, by its tag.
-- Written when it falls, and only then.
create table memkeep.recalled (
  tenant         bytea    not null,
  subject        bytea    not null,
  reader         bytea    not null,
  trust          smallint not null,
  primary key (tenant, subject, reader)
);

-- Memories out of recall: 0 held before they were stored, 1 held when they were recalled, 2 superseded by `successor`. Sealed like those
-- that stand, under the same labels: a row goes from one table to the other as it is. `verdict`: sealed, why it is held.
create table memkeep.aside (
  tenant         bytea    not null,
  subject        bytea    not null,
  id             uuid     not null,
  version        integer  not null,
  sensitivity    smallint not null,
  trust          smallint not null,
  actor          smallint not null,
  kind           text     not null,
  at_ms          bigint   not null,
  created_ms     bigint   not null,
  updated_ms     bigint   not null,
  expires_ms     bigint,
  derived_from   uuid[]   not null,
  epoch          integer  not null,
  content        bytea    not null,                                  -- sealed
  details        bytea    not null,                                  -- sealed
  entry          bytea    not null,                                  -- sealed
  why            smallint not null,
  aside_ms       bigint   not null,
  verdict        bytea,                                              -- sealed
  successor      uuid,
  primary key (tenant, subject, id, sensitivity)
);
create index aside_expiry on memkeep.aside (tenant, subject, expires_ms) where expires_ms is not null;

-- Episodes that upkeep has still to distil, and from when on.
create table memkeep.undistilled (
  tenant         bytea    not null,
  subject        bytea    not null,
  id             uuid     not null,
  due_ms         bigint   not null,
  primary key (tenant, subject, id)
);

-- The trust that an idempotent call's memories were stored with: their receipts were sealed before it was known.
alter table memkeep.request add column trusts smallint[];

-- Row security hides memories from their owner, so it is lifted for this transaction, and forced again by the installer.
alter table memkeep.memory no force row level security;
insert into memkeep.lineage (tenant, subject, source, derived)
  select distinct m.tenant, m.subject, s.source, m.id from memkeep.memory m, unnest(m.derived_from) as s (source);
