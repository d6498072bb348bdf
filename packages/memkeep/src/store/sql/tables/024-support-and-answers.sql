-- owner: memkeep_owner
-- callers: none

-- Support access to what a tenant said: who may read it, why, until when, and who agreed. `subject`: sixteen zero bytes for the
-- tenant as a whole, with all its subjects. `second`: nothing is read before somebody else has agreed.
create table memkeep.support (
  tenant         bytea    not null,
  subject        bytea    not null,
  id             uuid     not null,
  principal      bytea    not null,                                  -- who asked for it, and alone may use it
  stated         bytea    not null,                                  -- sealed: that name, and why
  second         boolean  not null,
  requested_ms   bigint   not null,
  expires_ms     bigint   not null,
  approver       bytea,
  approval       bytea,                                              -- sealed: that name, and why
  approved_ms    bigint,
  ended_ms       bigint,
  primary key (tenant, id)
);

-- Answers to calls that carried an idempotency key and stored no memory. No answer: the call is under way, or was broken off.
create table memkeep.answer (
  tenant         bytea    not null,
  subject        bytea    not null,
  principal      bytea    not null,
  key            bytea    not null,                                  -- tag of the key that the caller chose
  digest         bytea    not null,                                  -- keyed digest of what was asked
  answer         bytea,                                              -- sealed
  epoch          integer  not null,                                  -- of the key that it is sealed under; 0 without an answer
  until_ms       bigint   not null,
  primary key (tenant, subject, principal, key)
);
