-- owner: memkeep_owner
-- callers: none

-- What was asked for, as the kernel that recorded it says: 16 bytes. Nothing is carried out, and nothing forgotten, without: an erasure from before stays as it stands.
alter table memkeep.erasure add column seal bytea;
