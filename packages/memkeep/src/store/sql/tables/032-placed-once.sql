-- owner: memkeep_owner
-- callers: none

-- An event has one place among all logs of its tenant: whoever puts a placed one among those that wait gets no second.
drop index memkeep.log_entry_event;
create unique index log_entry_event on memkeep.log_entry (tenant, event) where event is not null;
