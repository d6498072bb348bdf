-- owner: memkeep_owner
-- callers: none

-- What a step of an erasure did and when it ended, as the kernel that did it says: 16 bytes; null of one that waits. Steps of erasures that are open are done once more, as
-- nobody can say who wrote what they noted.
alter table memkeep.erasure_step add column mac bytea;
delete from memkeep.erasure_step s using memkeep.erasure e where e.tenant = s.tenant and e.id = s.erasure and e.state = 0;
