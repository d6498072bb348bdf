-- owner: memkeep_owner
-- callers: none

-- The ground: every table of a tenant starts with its tenant's tag, in every key and index, and nothing links two tenants.
-- Columns hold tags (16 bytes of a keyed hash), labels the database must act on, sizes and times in milliseconds, and
-- sealed bytes. Nothing a tenant said stands here in the clear.

create table memkeep.tenant (
  tenant         bytea    not null check (octet_length(tenant) = 16),
  epoch          integer  not null check (epoch > 0),
  state          smallint not null check (state in (0, 1)),          -- 0 open, 1 barred
  policy_version integer  not null default 0,
  policy         bytea,                                              -- sealed; null: the deployment's
  name           bytea    not null,                                  -- sealed
  created_ms     bigint   not null,
  primary key (tenant)
);

-- One row a subject, and one (subject = sixteen zero bytes) for what belongs to the tenant as a whole. Its row lock makes
-- a subject's writes serial; its version tells every process exactly whether what it holds is current.
create table memkeep.shelf (
  tenant         bytea    not null check (octet_length(tenant) = 16),
  subject        bytea    not null check (octet_length(subject) = 16),
  epoch          integer  not null check (epoch > 0),
  state          smallint not null check (state in (0, 1)),          -- 0 open, 1 barred
  version        bigint   not null,
  floor          bigint   not null,                                  -- removals are complete for versions above this one
  memories       integer  not null,
  due_ms         bigint,                                             -- nothing to sweep before; null: nothing at all
  name           bytea,                                              -- sealed; null for the common shelf
  created_ms     bigint   not null,
  primary key (tenant, subject)
) with (fillfactor = 60);

create table memkeep.memory (
  tenant         bytea    not null,
  subject        bytea    not null,
  id             uuid     not null,
  version        integer  not null check (version > 0),
  sensitivity    smallint not null check (sensitivity between 0 and 2),
  trust          smallint not null check (trust between 0 and 3),
  actor          smallint not null check (actor between 0 and 3),
  kind           text     not null check (kind ~ '^[a-z][a-z0-9_-]{0,31}$'),
  at_ms          bigint   not null,
  created_ms     bigint   not null,
  updated_ms     bigint   not null,
  expires_ms     bigint,
  derived_from   uuid[]   not null,
  shelf_version  bigint   not null,
  epoch          integer  not null,
  content        bytea    not null,                                  -- sealed
  details        bytea    not null,                                  -- sealed: tags, metadata, source, agent, session, speaker
  entry          bytea    not null,                                  -- sealed: search terms, vector, filter fields
  primary key (tenant, subject, id, sensitivity)
);
-- All three labels stand in both indexes, so a policy's claims are verified once a scan and not once a row. (An id is the
-- kernel's and stands on one shelf, whose writes are serial: the label adds nothing to the key.) The condition of the
-- second always holds; it keeps look-ups by id, which do not state it, from taking that index for a shelf's whole range.
create index memory_shelf on memkeep.memory (tenant, subject, shelf_version, id, sensitivity) where shelf_version > 0;
create index memory_expiry on memkeep.memory (tenant, subject, expires_ms) where expires_ms is not null;

-- Earlier versions. A memory has one sensitivity: reclassifying it seals these anew under the new label.
create table memkeep.memory_version (
  tenant         bytea    not null,
  subject        bytea    not null,
  id             uuid     not null,
  version        integer  not null,
  sensitivity    smallint not null check (sensitivity between 0 and 2),
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
  primary key (tenant, subject, id, version)
);

-- What left a shelf at which version, so that other processes can drop it. Kept for a while only (`shelf.floor`).
create table memkeep.removal (
  tenant         bytea    not null,
  subject        bytea    not null,
  shelf_version  bigint   not null,
  id             uuid     not null,
  sensitivity    smallint not null,
  removed_ms     bigint   not null,
  primary key (tenant, subject, shelf_version, id, sensitivity)   -- the last for the policy, as in memory_shelf
);

-- Answers to calls that carried an idempotency key.
create table memkeep.request (
  tenant         bytea    not null,
  subject        bytea    not null,
  principal      bytea    not null,
  key            bytea    not null,                                  -- tag of the key the caller chose
  digest         bytea    not null,                                  -- keyed digest of what was asked
  receipt        bytea    not null,                                  -- sealed
  epoch          integer  not null,
  until_ms       bigint   not null,
  primary key (tenant, subject, principal, key)
);
create index request_until on memkeep.request (tenant, subject, until_ms);

create domain memkeep.action as text check (value in (
  'memory.add', 'memory.search', 'memory.list', 'memory.get', 'memory.history', 'memory.update', 'memory.reclassify',
  'memory.delete', 'memory.expire', 'shelf.load', 'shelf.list',
  'tenant.create', 'tenant.list', 'tenant.enter', 'tenant.policy', 'deployment.policy', 'upkeep.due'
));
create domain memkeep.outcome as text check (value in (
  'ok', 'stale', 'replayed', 'missing', 'conflict', 'mismatch', 'denied', 'barred', 'epoch', 'policy', 'unknown', 'exists'
));

-- The ledger's rows. The primary key is the event id in the token, so one token commits one operation once.
create table memkeep.event (
  tenant         bytea    not null,
  id             uuid     not null,
  action         memkeep.action  not null,
  outcome        memkeep.outcome not null,
  reach          smallint not null check (reach between 0 and 2),    -- 0 common, 1 subject, 2 all
  subject        bytea,
  epoch          integer  not null,
  principal      bytea    not null,
  at_ms          bigint   not null,                                  -- the kernel's clock
  recorded_at    timestamptz not null default clock_timestamp(),     -- the database's clock
  memories       uuid[]   not null,                                  -- disclosed, written or removed
  affected       integer  not null,
  detail         bytea    not null,                                  -- sealed
  primary key (tenant, id)
);
