-- owner: memkeep_owner
-- callers: none

-- The ledger's rows by class and time, so that old ones of one class can go at once. `class`: 0 read, 1 write (deletions
-- too), 2 administration; it follows from the action. `period` follows from the token's time: months of 30 days for reads,
-- years of twelve of them for the rest, counted round a ring of sixteen. A ring, and not a partition for each month to come:
-- nobody has to make one in time, and none of the logins can. A period of reads is emptied when all that is in it has been
-- kept long enough and lies in the cold tier; if nothing empties it, the next turn adds to it.
-- The primary key is what the token says: one token commits one operation once.
alter table memkeep.event rename to event_before;
alter index memkeep.event_pkey rename to event_before_pkey;
alter table memkeep.event_before no force row level security;
create table memkeep.event (
  tenant         bytea    not null,
  id             uuid     not null,
  class          smallint not null,
  period         smallint not null,
  action         memkeep.action  not null,
  outcome        memkeep.outcome not null,
  reach          smallint not null,                                  -- 0 common, 1 subject, 2 all
  subject        bytea,
  epoch          integer  not null,
  principal      bytea    not null,
  at_ms          bigint   not null,                                  -- the kernel's clock
  recorded_at    timestamptz not null default clock_timestamp(),     -- the database's clock
  memories       uuid[]   not null,                                  -- disclosed, written or removed
  affected       integer  not null,
  detail         bytea    not null,                                  -- sealed
  primary key (tenant, id, class, period)
) partition by range (class, period);

-- Row security on a partition and no policy: through its table alone, or not at all.
do $$ begin
  for class in 0 .. 2 loop
    for period in 0 .. 15 loop
      execute format('create table %1$s partition of memkeep.event for values from (%2$s, %3$s) to (%2$s, %4$s);
        alter table %1$s enable row level security, force row level security',
        format('memkeep.event_%s_%s', (array['read', 'write', 'admin'])[class + 1], to_char(period, 'FM00')),
        class, period, period + 1);
    end loop;
  end loop;
end $$;

insert into memkeep.event (tenant, id, class, period, action, outcome, reach, subject, epoch, principal, at_ms, recorded_at,
  memories, affected, detail)
select e.tenant, e.id, e.class, (e.at_ms / case e.class when 0 then 2592000000 else 31104000000 end) % 16, e.action,
  e.outcome, e.reach, e.subject, e.epoch, e.principal, e.at_ms, e.recorded_at, e.memories, e.affected, e.detail
from (
  select b.*, case
    when b.action in ('memory.search', 'memory.list', 'memory.get', 'memory.history', 'shelf.load', 'shelf.list',
      'tenant.enter', 'upkeep.due') then 0
    when b.action in ('memory.add', 'memory.update', 'memory.reclassify', 'memory.reindex', 'memory.delete',
      'memory.expire') then 1
    else 2 end as class
  from memkeep.event_before b
) as e;
drop table memkeep.event_before;
