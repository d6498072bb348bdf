-- owner: memkeep_owner
-- callers: none

-- An erasure of one subject, or of a tenant as a whole. It stays, as the record of what was done, until the last backup that
-- could still hold the scope has gone. No id stands in it in the clear: tags, a commitment, and the names sealed until it is done.
create table memkeep.erasure (
  tenant         bytea    not null,
  id             uuid     not null,
  kind           smallint not null,                                  -- 0 a subject, 1 the tenant
  subject        bytea    not null,                                  -- sixteen zero bytes for the tenant
  epoch          integer  not null,                                  -- the epoch that ends
  state          smallint not null,                                  -- 0 open, 1 done
  after          smallint not null,                                  -- 0 the bar stays, 1 reopened under a new epoch
  reason         smallint not null,
  asked_by       smallint not null,                                  -- 0 a principal of the tenant, 1 an operator, 2 the restore guard
  principal      bytea    not null,
  scope_commit   bytea    not null,                                  -- salted commitment to kind, tenant and subject
  names          bytea,                                              -- sealed under the deployment's key; null once it is done
  requested_ms   bigint   not null,
  barred_ms      bigint,
  done_ms        bigint,
  until_ms       bigint   not null,                                  -- when the last backup has gone
  held_until_ms  bigint   not null,                                  -- a process works on it until then
  report         bytea,                                              -- what the attestation says, and the attestation
  primary key (tenant, id)
);
create index erasure_scope on memkeep.erasure (tenant, subject, epoch);

-- What each step of an erasure did. Counts, names of tables and key records, times.
create table memkeep.erasure_step (
  tenant         bytea    not null,
  erasure        uuid     not null,
  step           text     not null,
  began_ms       bigint   not null,
  ended_ms       bigint,                                             -- null: it waits, or failed and is tried again
  notes          text     not null,
  primary key (tenant, erasure, step)
);

-- A legal hold: while it stands, nothing that it covers is erased.
create table memkeep.hold (
  tenant         bytea    not null,
  id             uuid     not null,
  subject        bytea    not null,                                  -- sixteen zero bytes: the tenant as a whole
  reason         bytea    not null,                                  -- sealed
  placed_ms      bigint   not null,
  released_ms    bigint,
  primary key (tenant, id)
);
create index hold_subject on memkeep.hold (tenant, subject);

-- Whom an API key stands for, so that it goes with the subject: sixteen zero bytes for the tenant as a whole.
alter table memkeep.api_key add column subject bytea not null default '\x00000000000000000000000000000000';
create index api_key_subject on memkeep.api_key (tenant, subject);

alter domain memkeep.action drop constraint action_check;
alter domain memkeep.action add constraint action_check check (value in (
  'memory.add', 'memory.search', 'memory.list', 'memory.get', 'memory.history', 'memory.update', 'memory.reclassify',
  'memory.reindex', 'memory.delete', 'memory.expire', 'memory.export', 'shelf.load', 'shelf.list',
  'tenant.create', 'tenant.list', 'tenant.enter', 'tenant.policy', 'deployment.policy', 'upkeep.due',
  'key.create', 'key.find', 'key.list', 'key.revoke',
  'erasure.requested', 'erasure.step', 'erasure.barred', 'erasure.deleted', 'erasure.inspected', 'erasure.verified',
  'erasure.attested', 'erasure.list', 'scope.reopen', 'hold.place', 'hold.release', 'hold.list', 'upkeep.erasures'
));
alter domain memkeep.outcome drop constraint outcome_check;
alter domain memkeep.outcome add constraint outcome_check check (value in (
  'ok', 'stale', 'replayed', 'missing', 'conflict', 'mismatch', 'denied', 'barred', 'epoch', 'policy', 'unknown', 'exists',
  'quota', 'held'
));
