-- owner: memkeep_owner
-- callers: none

-- What a witness signed of the deployment's head that a proof is held against: its verifier key and its signature lines, empty
-- until it has. `tick` is that head's size.
alter table memkeep.anchor
  add column tick bigint generated always as (substring(proof from '\nindex ([0-9]{1,15})\n')::bigint + 1) stored,
  add column witness text not null default '',
  add column cosigned text not null default '';
