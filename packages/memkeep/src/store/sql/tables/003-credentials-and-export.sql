-- owner: memkeep_owner
-- callers: none

-- API keys. The directory is looked up by a keyed tag of the secret before anybody knows the tenant, so it is one of the
-- few tables that do not begin with one. What a key stands for is sealed under the deployment's own key.
create table memkeep.api_key (
  lookup         bytea    not null primary key check (octet_length(lookup) = 16),
  tenant         bytea    not null check (octet_length(tenant) = 16),
  id             uuid     not null,
  claims         bytea    not null,                                  -- sealed
  created_ms     bigint   not null,
  expires_ms     bigint,
  revoked_ms     bigint
);
create index api_key_tenant on memkeep.api_key (tenant, id);

alter domain memkeep.action drop constraint action_check;
alter domain memkeep.action add constraint action_check check (value in (
  'memory.add', 'memory.search', 'memory.list', 'memory.get', 'memory.history', 'memory.update', 'memory.reclassify',
  'memory.delete', 'memory.expire', 'memory.export', 'shelf.load', 'shelf.list',
  'tenant.create', 'tenant.list', 'tenant.enter', 'tenant.policy', 'deployment.policy', 'upkeep.due',
  'key.create', 'key.find', 'key.list', 'key.revoke'
));
