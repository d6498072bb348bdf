-- owner: memkeep_owner
-- callers: none

alter domain memkeep.action drop constraint action_check;
alter domain memkeep.action add constraint action_check check (value in (
  'memory.add', 'memory.search', 'memory.list', 'memory.get', 'memory.history', 'memory.update', 'memory.reclassify',
  'memory.reindex', 'memory.delete', 'memory.expire', 'memory.export', 'shelf.load', 'shelf.list',
  'tenant.create', 'tenant.list', 'tenant.enter', 'tenant.policy', 'deployment.policy', 'upkeep.due',
  'key.create', 'key.find', 'key.list', 'key.revoke'
));
