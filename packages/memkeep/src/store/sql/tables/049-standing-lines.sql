-- owner: memkeep_owner
-- callers: none

-- `stands_above`: of what was superseded (why 2) and is trusted more than all that took its place by now, the highest trust of these: it is found by searches at lines
-- above that. Null: out of recall. `shelf_version`: at which version of the shelf that changed last; null where it never did.
alter table memkeep.aside add column stands_above smallint, add column shelf_version bigint;
create index aside_standing on memkeep.aside (tenant, subject, shelf_version, id) where shelf_version is not null;

-- What fell before this was looked at. Row security hides rows from their owner, so it is lifted for this transaction, and forced again by the installer.
alter table memkeep.aside no force row level security;
alter table memkeep.memory no force row level security;
alter table memkeep.shelf no force row level security;
with recursive line (tenant, subject, id, above) as (
  select m.tenant, m.subject, a.id, m.trust from memkeep.aside a
    join memkeep.memory m on m.tenant = a.tenant and m.subject = a.subject and m.id = a.successor where a.why = 2
  union all
  select h.tenant, h.subject, a.id, h.trust from memkeep.aside a
    join memkeep.aside h on h.tenant = a.tenant and h.subject = a.subject and h.id = a.successor and h.why < 2 where a.why = 2
  union all
  select l.tenant, l.subject, b.id, greatest(l.above, a.trust) from line l
    join memkeep.aside a on a.tenant = l.tenant and a.subject = l.subject and a.id = l.id
    join memkeep.aside b on b.tenant = l.tenant and b.subject = l.subject and b.successor = l.id and b.why = 2
), moved as (
  update memkeep.shelf s set version = s.version + 1 where exists (
    select 1 from line l join memkeep.aside a on a.tenant = l.tenant and a.subject = l.subject and a.id = l.id and a.trust > l.above
    where l.tenant = s.tenant and l.subject = s.subject)
  returning s.tenant, s.subject, s.version
)
update memkeep.aside a set stands_above = l.above, shelf_version = v.version from line l, moved v
  where a.tenant = l.tenant and a.subject = l.subject and a.id = l.id and a.trust > l.above and v.tenant = a.tenant and v.subject = a.subject;
