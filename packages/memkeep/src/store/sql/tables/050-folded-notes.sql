-- owner: memkeep_owner
-- callers: none

-- What readers were shown stays known for as long as their shelf: a reader that was forgotten could say what it was shown as if it came from nowhere, whoever waits
-- long enough. So old rows are folded, not removed (guards/15-note-shown.sql): a row whose `reader` is one byte stands for all folded readers whose tags begin with
-- it, and has eight more bytes of each, by the trust that it was shown. Others with the same nine bytes would be trusted less, never more.
alter table memkeep.recalled add column noted_ms bigint not null default 0, add column shown_external bytea, add column shown_user bytea;
create index recalled_noted on memkeep.recalled (tenant, subject, noted_ms) where shown_external is null;

-- Of what is trusted as an agent's or more nobody is ever trusted less. Row security hides rows from their owner, so it is lifted for this transaction, and forced again by the installer.
alter table memkeep.recalled no force row level security;
delete from memkeep.recalled where trust > 1;
