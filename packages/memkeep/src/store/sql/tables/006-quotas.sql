-- owner: memkeep_owner
-- callers: none

-- What a shelf holds, beside how many memories: bytes of sealed content, details and entry, of earlier versions too. Every
-- write of memories moves it under the shelf's lock. The rows that stand are counted here; row security hides them from
-- their owner, so it is lifted for this transaction (which holds the tables), and forced again by the installer.
alter table memkeep.shelf add column bytes bigint not null default 0;
alter table memkeep.shelf no force row level security;
alter table memkeep.memory no force row level security;
alter table memkeep.memory_version no force row level security;
update memkeep.shelf s set bytes = held.bytes from (
  select tenant, subject, sum(size) as bytes from (
    select tenant, subject, octet_length(content)::bigint + octet_length(details) + octet_length(entry) as size from memkeep.memory
    union all
    select tenant, subject, octet_length(content)::bigint + octet_length(details) from memkeep.memory_version
  ) as sizes group by tenant, subject
) as held where s.tenant = held.tenant and s.subject = held.subject;

alter domain memkeep.outcome drop constraint outcome_check;
alter domain memkeep.outcome add constraint outcome_check check (value in (
  'ok', 'stale', 'replayed', 'missing', 'conflict', 'mismatch', 'denied', 'barred', 'epoch', 'policy', 'unknown', 'exists',
  'quota'
));
