-- Row policies, re-applied whole. Every table of a tenant is forced under them; what no policy allows is not there. Each
-- comparison is `column = claim` on columns that an index begins with, so the claims are verified once a scan.
-- No policy holds a subquery (Citus refuses it).

do $$ declare p record; begin
  for p in select policyname, tablename from pg_policies where schemaname = 'memkeep' loop
    execute format('drop policy %I on memkeep.%I', p.policyname, p.tablename);
  end loop;
end $$;

create policy read on memkeep.tenant for select to memkeep_door, memkeep_wide_door
  using (tenant = memkeep.claim_tenant());
create policy list on memkeep.tenant for select to memkeep_upkeep_door
  using (memkeep.claim_right(8192 | 16384));
create policy find on memkeep.tenant for select to memkeep_upkeep_door
  using (tenant = memkeep.claim_tenant() and memkeep.claim_right(32768));
create policy create_ on memkeep.tenant for insert to memkeep_door
  with check (tenant = memkeep.claim_tenant() and memkeep.claim_right(8192));
create policy change on memkeep.tenant for update to memkeep_door
  using (tenant = memkeep.claim_tenant())
  with check (tenant = memkeep.claim_tenant() and memkeep.claim_right(8192 | 1024));

create policy read on memkeep.shelf for select to memkeep_door
  using (memkeep.claim_reads(tenant, subject));
create policy read_wide on memkeep.shelf for select to memkeep_wide_door
  using (tenant = memkeep.claim_wide_tenant());
create policy list on memkeep.shelf for select to memkeep_upkeep_door
  using (memkeep.claim_right(16384));
-- For exceeds_quota() alone. A token opens one doorway, and neither of these runs as memkeep_upkeep_door: so no other code of
-- that role runs while this shows a row.
create policy count on memkeep.shelf for select to memkeep_upkeep_door
  using (tenant = memkeep.claim_tenant() and memkeep.claim_doorway() in ('remember', 'revise'));
create policy create_ on memkeep.shelf for insert to memkeep_door
  with check (memkeep.claim_writes(tenant, subject, null));
-- Which shelf a row is of cannot be changed: no door holds a privilege on those columns (grants.sql).
create policy change on memkeep.shelf for update to memkeep_door
  using (memkeep.claim_writes(tenant, subject, null))
  with check (memkeep.claim_writes(tenant, subject, null));

create policy read on memkeep.memory for select to memkeep_door
  using (tenant = memkeep.claim_tenant() and subject = any (memkeep.claim_shelves())
    and sensitivity = any (memkeep.claim_clearance()));
create policy read_wide on memkeep.memory for select to memkeep_wide_door
  using (tenant = memkeep.claim_wide_tenant() and sensitivity = any (memkeep.claim_clearance()));
create policy create_ on memkeep.memory for insert to memkeep_door
  with check (memkeep.claim_writes(tenant, subject, sensitivity));
create policy remove on memkeep.memory for delete to memkeep_door
  using (tenant = memkeep.claim_tenant() and subject = memkeep.claim_shelf()
    and sensitivity = any (memkeep.claim_clearance()));

create policy read on memkeep.memory_version for select to memkeep_door
  using (tenant = memkeep.claim_tenant() and subject = any (memkeep.claim_shelves())
    and sensitivity = any (memkeep.claim_clearance()));
create policy read_wide on memkeep.memory_version for select to memkeep_wide_door
  using (tenant = memkeep.claim_wide_tenant() and sensitivity = any (memkeep.claim_clearance()));
create policy create_ on memkeep.memory_version for insert to memkeep_door
  with check (memkeep.claim_writes(tenant, subject, sensitivity));
create policy remove on memkeep.memory_version for delete to memkeep_door
  using (tenant = memkeep.claim_tenant() and subject = memkeep.claim_shelf()
    and sensitivity = any (memkeep.claim_clearance()));

create policy read on memkeep.removal for select to memkeep_door
  using (tenant = memkeep.claim_tenant() and subject = any (memkeep.claim_shelves())
    and sensitivity = any (memkeep.claim_clearance()));
create policy read_wide on memkeep.removal for select to memkeep_wide_door
  using (tenant = memkeep.claim_wide_tenant() and sensitivity = any (memkeep.claim_clearance()));
-- Whatever may be deleted leaves its removal row, also under a label that this call may not write.
create policy create_ on memkeep.removal for insert to memkeep_door
  with check (memkeep.claim_writes(tenant, subject, null));
create policy remove on memkeep.removal for delete to memkeep_door
  using (tenant = memkeep.claim_tenant() and subject = memkeep.claim_shelf()
    and sensitivity = any (memkeep.claim_clearance()));

create policy read on memkeep.request for select to memkeep_door
  using (tenant = memkeep.claim_tenant() and subject = memkeep.claim_shelf());
create policy create_ on memkeep.request for insert to memkeep_door
  with check (memkeep.claim_writes(tenant, subject, null));
create policy remove on memkeep.request for delete to memkeep_door
  using (tenant = memkeep.claim_tenant() and subject = memkeep.claim_shelf());

create policy read on memkeep.lineage for select to memkeep_door
  using (tenant = memkeep.claim_tenant() and subject = any (memkeep.claim_shelves()));
create policy create_ on memkeep.lineage for insert to memkeep_door
  with check (memkeep.claim_writes(tenant, subject, null));
create policy read_labels on memkeep.lineage for select to memkeep_label_door
  using (tenant = memkeep.claim_tenant() and memkeep.claim_lowers(subject));
create policy remove on memkeep.lineage for delete to memkeep_label_door
  using (tenant = memkeep.claim_tenant() and memkeep.claim_lowers(subject));

-- Labels alone, of whatever came from what this call lowers or deletes: above its clearance too, and on other shelves when the source is
-- common; and of the lines of statements on the shelf of a call that supersedes. The role holds no privilege on sealed columns, and its functions only lower.
create policy read_labels on memkeep.memory for select to memkeep_label_door
  using (tenant = memkeep.claim_tenant() and memkeep.claim_weighs(subject));
create policy lower_ on memkeep.memory for update to memkeep_label_door
  using (tenant = memkeep.claim_tenant() and memkeep.claim_lowers(subject))
  with check (tenant = memkeep.claim_tenant() and memkeep.claim_lowers(subject));
create policy read_labels on memkeep.shelf for select to memkeep_label_door
  using (tenant = memkeep.claim_tenant() and (memkeep.claim_lowers(subject) or memkeep.claim_doorway() = 'remember'));
create policy move_on on memkeep.shelf for update to memkeep_label_door
  using (tenant = memkeep.claim_tenant() and (memkeep.claim_lowers(subject) or memkeep.claim_doorway() = 'remember'))
  with check (tenant = memkeep.claim_tenant() and memkeep.claim_weighs(subject));

create policy read on memkeep.aside for select to memkeep_door
  using (tenant = memkeep.claim_tenant() and subject = any (memkeep.claim_shelves())
    and sensitivity = any (memkeep.claim_clearance()));
create policy read_wide on memkeep.aside for select to memkeep_wide_door
  using (tenant = memkeep.claim_wide_tenant() and sensitivity = any (memkeep.claim_clearance()));
create policy create_ on memkeep.aside for insert to memkeep_door
  with check (memkeep.claim_writes(tenant, subject, sensitivity));
create policy remove on memkeep.aside for delete to memkeep_door
  using (tenant = memkeep.claim_tenant() and subject = memkeep.claim_shelf()
    and sensitivity = any (memkeep.claim_clearance()));
create policy read_labels on memkeep.aside for select to memkeep_label_door
  using (tenant = memkeep.claim_tenant() and memkeep.claim_weighs(subject));
create policy lower_ on memkeep.aside for update to memkeep_label_door
  using (tenant = memkeep.claim_tenant() and memkeep.claim_weighs(subject))
  with check (tenant = memkeep.claim_tenant() and memkeep.claim_weighs(subject));

create policy read on memkeep.undistilled for select to memkeep_door
  using (tenant = memkeep.claim_tenant() and subject = memkeep.claim_shelf());
create policy create_ on memkeep.undistilled for insert to memkeep_door
  with check (memkeep.claim_writes(tenant, subject, null));
create policy remove on memkeep.undistilled for delete to memkeep_door
  using (tenant = memkeep.claim_tenant() and subject = memkeep.claim_shelf());

create policy read on memkeep.reviewed for select to memkeep_door
  using (tenant = memkeep.claim_tenant() and subject = memkeep.claim_shelf());
create policy create_ on memkeep.reviewed for insert to memkeep_door
  with check (memkeep.claim_writes(tenant, subject, null));
create policy remove on memkeep.reviewed for delete to memkeep_door
  using (tenant = memkeep.claim_tenant() and subject = memkeep.claim_shelf());

create policy read on memkeep.recalled for select to memkeep_door
  using (tenant = memkeep.claim_tenant() and (subject = any (memkeep.claim_shelves()) or memkeep.claim_notes(subject)));
create policy note on memkeep.recalled for insert to memkeep_door
  with check (tenant = memkeep.claim_tenant() and memkeep.claim_notes(subject));
create policy note_again on memkeep.recalled for update to memkeep_door
  using (tenant = memkeep.claim_tenant() and memkeep.claim_notes(subject))
  with check (tenant = memkeep.claim_tenant() and memkeep.claim_notes(subject));
create policy fold on memkeep.recalled for delete to memkeep_door
  using (tenant = memkeep.claim_tenant() and memkeep.claim_notes(subject));

-- Of its own principal alone; upkeep removes what is over.
create policy spend_read on memkeep.disclosed for select to memkeep_door, memkeep_wide_door
  using (tenant = memkeep.claim_tenant() and (principal = memkeep.claim_principal() or memkeep.claim_right(16384)));
create policy spend on memkeep.disclosed for insert to memkeep_door, memkeep_wide_door
  with check (tenant = memkeep.claim_tenant() and principal = memkeep.claim_principal());
create policy spend_more on memkeep.disclosed for update to memkeep_door, memkeep_wide_door
  using (tenant = memkeep.claim_tenant() and principal = memkeep.claim_principal())
  with check (tenant = memkeep.claim_tenant() and principal = memkeep.claim_principal());
create policy over on memkeep.disclosed for delete to memkeep_door
  using (tenant = memkeep.claim_tenant() and memkeep.claim_right(16384));
create policy erase on memkeep.disclosed for all to memkeep_erase_door
  using (tenant = memkeep.claim_wide_tenant() and memkeep.claim_right(65536));
create policy recount on memkeep.disclosed for select to memkeep_upkeep_door
  using (tenant = memkeep.claim_tenant() and memkeep.claim_doorway() = 'recount_scope');

create policy append on memkeep.event for insert
  to memkeep_door, memkeep_wide_door, memkeep_upkeep_door, memkeep_erase_door, memkeep_derive_door, memkeep_retain_door
  with check (tenant = memkeep.claim_tenant());
create policy settle on memkeep.event for select to memkeep_door
  using (tenant = memkeep.claim_tenant() and id = memkeep.claim_event());
-- That its tenant began anew bounds what a call of any reach reads.
create policy audit on memkeep.event for select to memkeep_door
  using (tenant = memkeep.claim_audited()
    and (reach = 2 and action in ('scope.reopen', 'erasure.expired') or memkeep.claim_audits(reach, subject)));
create policy audit_wide on memkeep.event for select to memkeep_wide_door
  using (tenant = memkeep.claim_wide_audited());
create policy sequence on memkeep.event for select to memkeep_upkeep_door
  using (tenant >= memkeep.claim_log_from());

create policy append on memkeep.pending for insert to memkeep_door, memkeep_wide_door, memkeep_upkeep_door, memkeep_erase_door, memkeep_derive_door, memkeep_retain_door
  with check (tenant = memkeep.claim_tenant());
create policy audit on memkeep.pending for select to memkeep_door, memkeep_wide_door
  using (tenant = memkeep.claim_audited());
create policy sequence on memkeep.pending for select to memkeep_upkeep_door
  using (tenant >= memkeep.claim_log_from());
create policy take on memkeep.pending for delete to memkeep_upkeep_door
  using (tenant >= memkeep.claim_log_from());

create policy audit on memkeep.log for select to memkeep_door, memkeep_wide_door
  using (tenant = memkeep.claim_audited());
create policy sequence on memkeep.log for all to memkeep_upkeep_door
  using (tenant >= memkeep.claim_log_from()) with check (tenant >= memkeep.claim_log_from());
create policy audit on memkeep.log_entry for select to memkeep_door, memkeep_wide_door
  using (tenant = memkeep.claim_audited());
create policy sequence on memkeep.log_entry for all to memkeep_upkeep_door
  using (tenant >= memkeep.claim_log_from()) with check (tenant >= memkeep.claim_log_from());
create policy audit on memkeep.log_tile for select to memkeep_door, memkeep_wide_door
  using (tenant = memkeep.claim_audited());
create policy sequence on memkeep.log_tile for all to memkeep_upkeep_door
  using (tenant >= memkeep.claim_log_from()) with check (tenant >= memkeep.claim_log_from());
create policy audit on memkeep.anchor for select to memkeep_door, memkeep_wide_door
  using (tenant = memkeep.claim_audited());
create policy sequence on memkeep.anchor for all to memkeep_upkeep_door
  using (tenant >= memkeep.claim_log_from()) with check (tenant >= memkeep.claim_log_from());
create policy audit on memkeep.checkpoint for select to memkeep_door, memkeep_wide_door
  using (tenant = memkeep.claim_audited());
create policy sequence on memkeep.checkpoint for all to memkeep_upkeep_door
  using (tenant >= memkeep.claim_log_from()) with check (tenant >= memkeep.claim_log_from());

create policy look on memkeep.log_line for select to memkeep_upkeep_door
  using (tenant = memkeep.claim_tenant() and tenant >= memkeep.claim_log_from());
create policy begin_ on memkeep.log_line for insert to memkeep_upkeep_door
  with check (tenant = memkeep.claim_tenant() and memkeep.claim_doorway() = 'begin_line');
create policy rise on memkeep.log_line for update to memkeep_upkeep_door
  using (tenant = memkeep.claim_tenant() and memkeep.claim_doorway() = 'begin_line') with check (tenant = memkeep.claim_tenant());

create policy find on memkeep.api_key for select to memkeep_upkeep_door
  using (lookup = memkeep.claim_lookup() or (tenant = memkeep.claim_tenant() and memkeep.claim_right(32768)));
create policy create_ on memkeep.api_key for insert to memkeep_upkeep_door
  with check (tenant = memkeep.claim_tenant() and memkeep.claim_right(32768));
create policy change on memkeep.api_key for update to memkeep_upkeep_door
  using (tenant = memkeep.claim_tenant() and memkeep.claim_right(32768))
  with check (tenant = memkeep.claim_tenant());
create policy used on memkeep.api_key for update to memkeep_upkeep_door
  using (lookup = memkeep.claim_lookup())
  with check (lookup = memkeep.claim_lookup());
create policy mint on memkeep.api_key for insert to memkeep_door
  with check (tenant = memkeep.claim_tenant() and memkeep.claim_right(2048));
create policy ended on memkeep.api_key for select to memkeep_upkeep_door
  using (memkeep.claim_doorway() = 'expire_keys' and memkeep.claim_right(16384));
create policy expire on memkeep.api_key for delete to memkeep_upkeep_door
  using (memkeep.claim_doorway() = 'expire_keys' and memkeep.claim_right(16384));

-- Erasing. A token with the right `erasing` (65536), which the kernel mints for an erasure that was authorised, reaches its
-- subject's rows of every label or, reach all, every subject's of its tenant.
create policy erase_read on memkeep.tenant for select to memkeep_erase_door
  using (tenant = memkeep.claim_tenant());
create policy erase on memkeep.tenant for update to memkeep_erase_door
  using (tenant = memkeep.claim_tenant())
  with check (tenant = memkeep.claim_tenant() and memkeep.claim_right(65536 | 8192));
create policy erase_read on memkeep.shelf for select to memkeep_erase_door
  using (tenant = memkeep.claim_tenant() and subject >= memkeep.claim_lowest(0) and subject <= memkeep.claim_highest(0));
create policy erase_bar on memkeep.shelf for insert to memkeep_erase_door
  with check (tenant = memkeep.claim_tenant() and subject >= memkeep.claim_lowest(65536)
    and subject <= memkeep.claim_highest(65536));
create policy erase_change on memkeep.shelf for update to memkeep_erase_door
  using (tenant = memkeep.claim_tenant() and subject >= memkeep.claim_lowest(0) and subject <= memkeep.claim_highest(0))
  with check (tenant = memkeep.claim_tenant() and memkeep.claim_right(65536 | 8192)
    and subject >= memkeep.claim_lowest(0) and subject <= memkeep.claim_highest(0));
create policy erase on memkeep.shelf for delete to memkeep_erase_door
  using (tenant = memkeep.claim_tenant() and subject >= memkeep.claim_lowest(65536) and subject <= memkeep.claim_highest(65536));
create policy reopen_read on memkeep.api_key for select to memkeep_erase_door
  using (tenant = memkeep.claim_tenant() and memkeep.claim_doorway() = 'reopen_scope'
    and subject >= memkeep.claim_lowest(8192) and subject <= memkeep.claim_highest(8192));
create policy reopen on memkeep.api_key for delete to memkeep_erase_door
  using (tenant = memkeep.claim_tenant() and memkeep.claim_doorway() = 'reopen_scope'
    and subject >= memkeep.claim_lowest(8192) and subject <= memkeep.claim_highest(8192));
-- For admit_key_of() alone: neither of these doorways runs as memkeep_erase_door.
create policy key_of on memkeep.shelf for select to memkeep_erase_door
  using (tenant = memkeep.claim_tenant() and memkeep.claim_doorway() in ('mint_key', 'create_key'));
create policy erase_read on memkeep.memory for select to memkeep_erase_door
  using (tenant = memkeep.claim_tenant() and subject >= memkeep.claim_lowest(65536) and subject <= memkeep.claim_highest(65536));
create policy erase on memkeep.memory for delete to memkeep_erase_door
  using (tenant = memkeep.claim_tenant() and subject >= memkeep.claim_lowest(65536) and subject <= memkeep.claim_highest(65536));
create policy erase_read on memkeep.memory_version for select to memkeep_erase_door
  using (tenant = memkeep.claim_tenant() and subject >= memkeep.claim_lowest(65536) and subject <= memkeep.claim_highest(65536));
create policy erase on memkeep.memory_version for delete to memkeep_erase_door
  using (tenant = memkeep.claim_tenant() and subject >= memkeep.claim_lowest(65536) and subject <= memkeep.claim_highest(65536));
create policy erase_read on memkeep.removal for select to memkeep_erase_door
  using (tenant = memkeep.claim_tenant() and subject >= memkeep.claim_lowest(65536) and subject <= memkeep.claim_highest(65536));
create policy erase on memkeep.removal for delete to memkeep_erase_door
  using (tenant = memkeep.claim_tenant() and subject >= memkeep.claim_lowest(65536) and subject <= memkeep.claim_highest(65536));
create policy erase_read on memkeep.request for select to memkeep_erase_door
  using (tenant = memkeep.claim_tenant() and subject >= memkeep.claim_lowest(65536) and subject <= memkeep.claim_highest(65536));
create policy erase on memkeep.request for delete to memkeep_erase_door
  using (tenant = memkeep.claim_tenant() and subject >= memkeep.claim_lowest(65536) and subject <= memkeep.claim_highest(65536));
create policy erase_read on memkeep.api_key for select to memkeep_erase_door
  using (tenant = memkeep.claim_tenant() and subject >= memkeep.claim_lowest(65536) and subject <= memkeep.claim_highest(65536));
create policy erase on memkeep.api_key for delete to memkeep_erase_door
  using (tenant = memkeep.claim_tenant() and subject >= memkeep.claim_lowest(65536) and subject <= memkeep.claim_highest(65536));
create policy erase_read on memkeep.lineage for select to memkeep_erase_door
  using (tenant = memkeep.claim_tenant() and subject >= memkeep.claim_lowest(65536) and subject <= memkeep.claim_highest(65536));
create policy erase on memkeep.lineage for delete to memkeep_erase_door
  using (tenant = memkeep.claim_tenant() and subject >= memkeep.claim_lowest(65536) and subject <= memkeep.claim_highest(65536));
create policy erase_read on memkeep.recalled for select to memkeep_erase_door
  using (tenant = memkeep.claim_tenant() and subject >= memkeep.claim_lowest(65536) and subject <= memkeep.claim_highest(65536));
create policy erase on memkeep.recalled for delete to memkeep_erase_door
  using (tenant = memkeep.claim_tenant() and subject >= memkeep.claim_lowest(65536) and subject <= memkeep.claim_highest(65536));
create policy erase_read on memkeep.aside for select to memkeep_erase_door
  using (tenant = memkeep.claim_tenant() and subject >= memkeep.claim_lowest(65536) and subject <= memkeep.claim_highest(65536));
create policy erase on memkeep.aside for delete to memkeep_erase_door
  using (tenant = memkeep.claim_tenant() and subject >= memkeep.claim_lowest(65536) and subject <= memkeep.claim_highest(65536));
create policy erase_read on memkeep.reviewed for select to memkeep_erase_door
  using (tenant = memkeep.claim_tenant() and subject >= memkeep.claim_lowest(65536) and subject <= memkeep.claim_highest(65536));
create policy erase on memkeep.reviewed for delete to memkeep_erase_door
  using (tenant = memkeep.claim_tenant() and subject >= memkeep.claim_lowest(65536) and subject <= memkeep.claim_highest(65536));
create policy erase_read on memkeep.undistilled for select to memkeep_erase_door
  using (tenant = memkeep.claim_tenant() and subject >= memkeep.claim_lowest(65536) and subject <= memkeep.claim_highest(65536));
create policy erase on memkeep.undistilled for delete to memkeep_erase_door
  using (tenant = memkeep.claim_tenant() and subject >= memkeep.claim_lowest(65536) and subject <= memkeep.claim_highest(65536));
create policy erase on memkeep.hold for delete to memkeep_erase_door
  using (tenant = memkeep.claim_tenant() and subject >= memkeep.claim_lowest(65536) and subject <= memkeep.claim_highest(65536));
-- Whoever may ask for an erasure adds one of its own scope, and changes none; whoever carries one out reaches its own.
create policy of_tenant on memkeep.erasure for select to memkeep_erase_door
  using (tenant = memkeep.claim_tenant());
create policy ask on memkeep.erasure for insert to memkeep_erase_door
  with check (tenant = memkeep.claim_tenant() and memkeep.claim_right(65536 | 128)
    and subject >= memkeep.claim_lowest(0) and subject <= memkeep.claim_highest(0));
create policy carry_out on memkeep.erasure for update to memkeep_erase_door
  using (tenant = memkeep.claim_tenant() and subject >= memkeep.claim_lowest(65536) and subject <= memkeep.claim_highest(65536))
  with check (tenant = memkeep.claim_tenant() and subject >= memkeep.claim_lowest(65536) and subject <= memkeep.claim_highest(65536));
create policy forget on memkeep.erasure for delete to memkeep_erase_door
  using (tenant = memkeep.claim_tenant() and subject >= memkeep.claim_lowest(65536) and subject <= memkeep.claim_highest(65536));
create policy list on memkeep.erasure for select to memkeep_upkeep_door
  using (memkeep.claim_right(16384 | 65536) and memkeep.claim_doorway() in ('due_erasures', 'ended_erasures'));
create policy of_tenant on memkeep.erasure_step for select to memkeep_erase_door
  using (tenant = memkeep.claim_tenant());
create policy note on memkeep.erasure_step for insert to memkeep_erase_door
  with check (tenant = memkeep.claim_tenant() and memkeep.claim_right(65536));
create policy note_again on memkeep.erasure_step for update to memkeep_erase_door
  using (tenant = memkeep.claim_tenant() and memkeep.claim_right(65536))
  with check (tenant = memkeep.claim_tenant() and memkeep.claim_right(65536));
create policy forget on memkeep.erasure_step for delete to memkeep_erase_door
  using (tenant = memkeep.claim_tenant() and memkeep.claim_right(65536));
create policy of_tenant on memkeep.erasure_guard to memkeep_erase_door
  using (tenant = memkeep.claim_tenant() and memkeep.claim_right(65536))
  with check (tenant = memkeep.claim_tenant() and memkeep.claim_right(65536));
create policy of_tenant on memkeep.hold for select to memkeep_erase_door
  using (tenant = memkeep.claim_tenant());
create policy place on memkeep.hold for insert to memkeep_erase_door
  with check (tenant = memkeep.claim_tenant() and memkeep.claim_right(131072));
create policy release on memkeep.hold for update to memkeep_erase_door
  using (tenant = memkeep.claim_tenant()) with check (tenant = memkeep.claim_tenant() and memkeep.claim_right(131072));

-- The second count of what an erasure has left, by a role whose policies ask for the tenant alone: a row that the erasing
-- door's range does not show is counted here.
create policy recount on memkeep.tenant for select to memkeep_upkeep_door
  using (tenant = memkeep.claim_tenant() and memkeep.claim_doorway() = 'recount_scope');
create policy recount on memkeep.shelf for select to memkeep_upkeep_door
  using (tenant = memkeep.claim_tenant() and memkeep.claim_doorway() = 'recount_scope');
create policy recount on memkeep.memory for select to memkeep_upkeep_door
  using (tenant = memkeep.claim_tenant() and memkeep.claim_doorway() = 'recount_scope');
create policy recount on memkeep.memory_version for select to memkeep_upkeep_door
  using (tenant = memkeep.claim_tenant() and memkeep.claim_doorway() = 'recount_scope');
create policy recount on memkeep.removal for select to memkeep_upkeep_door
  using (tenant = memkeep.claim_tenant() and memkeep.claim_doorway() = 'recount_scope');
create policy recount on memkeep.request for select to memkeep_upkeep_door
  using (tenant = memkeep.claim_tenant() and memkeep.claim_doorway() = 'recount_scope');
create policy recount on memkeep.api_key for select to memkeep_upkeep_door
  using (tenant = memkeep.claim_tenant() and memkeep.claim_doorway() = 'recount_scope');
create policy recount on memkeep.hold for select to memkeep_upkeep_door
  using (tenant = memkeep.claim_tenant() and memkeep.claim_doorway() = 'recount_scope');
create policy recount on memkeep.lineage for select to memkeep_upkeep_door
  using (tenant = memkeep.claim_tenant() and memkeep.claim_doorway() = 'recount_scope');
create policy recount on memkeep.recalled for select to memkeep_upkeep_door
  using (tenant = memkeep.claim_tenant() and memkeep.claim_doorway() = 'recount_scope');
create policy recount on memkeep.aside for select to memkeep_upkeep_door
  using (tenant = memkeep.claim_tenant() and memkeep.claim_doorway() = 'recount_scope');
create policy recount on memkeep.reviewed for select to memkeep_upkeep_door
  using (tenant = memkeep.claim_tenant() and memkeep.claim_doorway() = 'recount_scope');
create policy recount on memkeep.undistilled for select to memkeep_upkeep_door
  using (tenant = memkeep.claim_tenant() and memkeep.claim_doorway() = 'recount_scope');

create policy read on memkeep.artifact for select to memkeep_door
  using (tenant = memkeep.claim_tenant() and subject = any (memkeep.claim_shelves())
    and sensitivity = any (memkeep.claim_clearance()));
create policy read_wide on memkeep.artifact for select to memkeep_wide_door
  using (tenant = memkeep.claim_wide_tenant() and sensitivity = any (memkeep.claim_clearance()));
create policy create_ on memkeep.artifact for insert to memkeep_door
  with check (memkeep.claim_registers(tenant, subject, sensitivity));
create policy change on memkeep.artifact for update to memkeep_door
  using (memkeep.claim_registers(tenant, subject, null) and sensitivity = any (memkeep.claim_clearance()))
  with check (memkeep.claim_registers(tenant, subject, null));
create policy remove on memkeep.artifact for delete to memkeep_door
  using (memkeep.claim_registers(tenant, subject, null) and sensitivity = any (memkeep.claim_clearance()));
create policy due on memkeep.artifact for all to memkeep_upkeep_door
  using (memkeep.claim_right(16384)) with check (memkeep.claim_right(16384));
create policy derive on memkeep.artifact for all to memkeep_derive_door
  using (tenant = memkeep.claim_tenant()) with check (tenant = memkeep.claim_tenant());

create policy sweep on memkeep.contribution for all to memkeep_door
  using (tenant = memkeep.claim_tenant() and shelf = memkeep.claim_shelf());
create policy read_wide on memkeep.contribution for select to memkeep_wide_door
  using (tenant = memkeep.claim_wide_tenant());
create policy derive on memkeep.contribution for all to memkeep_derive_door
  using (tenant = memkeep.claim_tenant()) with check (tenant = memkeep.claim_tenant());
create policy derive on memkeep.unlearned for all to memkeep_derive_door
  using (tenant = memkeep.claim_tenant()) with check (tenant = memkeep.claim_tenant());

-- Ids and labels, for who stands behind what.
create policy behind on memkeep.memory for select to memkeep_derive_door using (tenant = memkeep.claim_tenant());
create policy behind on memkeep.aside for select to memkeep_derive_door using (tenant = memkeep.claim_tenant());
create policy behind on memkeep.lineage for select to memkeep_derive_door using (tenant = memkeep.claim_tenant());
create policy behind on memkeep.tenant for select to memkeep_derive_door using (tenant = memkeep.claim_tenant());
create policy behind on memkeep.shelf for select to memkeep_derive_door using (tenant = memkeep.claim_tenant());
-- Locks, and changes nothing: no new row passes.
create policy hold on memkeep.shelf for update to memkeep_derive_door
  using (tenant = memkeep.claim_tenant()) with check (tenant = memkeep.claim_tenant() and memkeep.claim_tenant() is null);

-- Erasing them, and the second count.
create policy erase on memkeep.artifact for all to memkeep_erase_door
  using (tenant = memkeep.claim_tenant() and subject >= memkeep.claim_lowest(65536) and subject <= memkeep.claim_highest(65536));
create policy erase on memkeep.contribution for all to memkeep_erase_door
  using (tenant = memkeep.claim_tenant() and (
    subject >= memkeep.claim_lowest(65536) and subject <= memkeep.claim_highest(65536)
    or shelf >= memkeep.claim_lowest(65536) and shelf <= memkeep.claim_highest(65536)));
create policy recount on memkeep.artifact for select to memkeep_upkeep_door
  using (tenant = memkeep.claim_tenant() and memkeep.claim_doorway() = 'recount_scope');
create policy recount on memkeep.contribution for select to memkeep_upkeep_door
  using (tenant = memkeep.claim_tenant() and memkeep.claim_doorway() = 'recount_scope');

create policy retain on memkeep.event for select to memkeep_retain_door
  using (tenant >= memkeep.claim_retained_from());
create policy retain on memkeep.pending for select to memkeep_retain_door
  using (tenant >= memkeep.claim_retained_from());
create policy retain_read on memkeep.log for select to memkeep_retain_door
  using (tenant >= memkeep.claim_retained_from());
create policy retain on memkeep.log for update to memkeep_retain_door
  using (tenant = memkeep.claim_tenant() and tenant >= memkeep.claim_retained_from())
  with check (tenant = memkeep.claim_tenant());
create policy retain_read on memkeep.log_entry for select to memkeep_retain_door
  using (tenant >= memkeep.claim_retained_from());
create policy retain on memkeep.log_entry for delete to memkeep_retain_door
  using (tenant = memkeep.claim_tenant() and tenant >= memkeep.claim_retained_from() and class = 0);
create policy thin on memkeep.checkpoint for all to memkeep_retain_door
  using (tenant >= memkeep.claim_retained_from() and memkeep.claim_doorway() = 'thin_checkpoints') with check (memkeep.claim_tenant() is null);
create policy thin on memkeep.anchor for select to memkeep_retain_door
  using (tenant >= memkeep.claim_retained_from());
create policy dropped on memkeep.unlearned for all to memkeep_upkeep_door
  using (memkeep.claim_right(16384) and memkeep.claim_doorway() = 'dropped_values' and action = 3);
create policy retired on memkeep.unlearned for all to memkeep_derive_door
  using (memkeep.claim_right(16384) and memkeep.claim_doorway() = 'retired_keys' and action in (6, 7)) with check (memkeep.claim_tenant() is null);

-- The library is the deployment's: entries begin with its tag. Whoever deletes, expires or erases hides what it contributed to, whatever else
-- stands behind it; whoever publishes looks at ids and labels of the tenants that contribute.
create policy read on memkeep.library_entry for select to memkeep_door
  using (memkeep.claim_right(1) and sensitivity = any (memkeep.claim_clearance()));
create policy derive on memkeep.library_entry for all to memkeep_derive_door
  using (memkeep.claim_right(4 | 128 | 16384 | 65536 | 524288) or memkeep.claim_doorway() in ('revise', 'review'))
  with check (memkeep.claim_right(4 | 128 | 16384 | 65536 | 524288) or memkeep.claim_doorway() in ('revise', 'review'));
create policy derive on memkeep.library_contribution for all to memkeep_derive_door
  using (tenant = memkeep.claim_tenant() or memkeep.claim_right(524288)) with check (memkeep.claim_right(524288));
create policy publish on memkeep.memory for select to memkeep_derive_door
  using (memkeep.claim_right(524288) and memkeep.claim_doorway() = 'publish');
create policy publish on memkeep.shelf for select to memkeep_derive_door
  using (memkeep.claim_right(524288) and memkeep.claim_doorway() = 'publish');
create policy publish_hold on memkeep.shelf for update to memkeep_derive_door
  using (memkeep.claim_right(524288) and memkeep.claim_doorway() = 'publish') with check (memkeep.claim_tenant() is null);
create policy publish on memkeep.tenant for select to memkeep_derive_door
  using (memkeep.claim_right(524288) and memkeep.claim_doorway() = 'publish');
create policy erase on memkeep.library_contribution for all to memkeep_erase_door
  using (tenant = memkeep.claim_tenant() and subject >= memkeep.claim_lowest(65536) and subject <= memkeep.claim_highest(65536));
create policy recount on memkeep.library_contribution for select to memkeep_upkeep_door
  using (tenant = memkeep.claim_tenant() and memkeep.claim_doorway() = 'recount_scope');
create policy hold_keys on memkeep.key_lease for all to memkeep_door
  using (tenant = memkeep.claim_tenant() and memkeep.claim_doorway() = 'hold_keys')
  with check (tenant = memkeep.claim_tenant() and memkeep.claim_doorway() = 'hold_keys');

-- Rebuilding the library: upkeep sees which tenants contributed and what labels their memories have; what these say is read tenant by tenant.
create policy rebuild on memkeep.library_contribution for all to memkeep_derive_door
  using (memkeep.claim_right(16384) and memkeep.claim_doorway() in ('due_entries', 'settle_entry'))
  with check (memkeep.claim_tenant() is null);
create policy settle_entry on memkeep.memory for select to memkeep_derive_door
  using (memkeep.claim_right(16384) and memkeep.claim_doorway() = 'settle_entry');
create policy read_wide on memkeep.library_contribution for select to memkeep_wide_door
  using (tenant = memkeep.claim_wide_tenant());
-- Support access. Who asks for it, agrees to it and ends it goes by memkeep_erase_door, as a legal hold does; a read looks at the grant
-- itself.
create policy of_tenant on memkeep.support for select to memkeep_erase_door
  using (tenant = memkeep.claim_tenant() and memkeep.claim_right(2097152 | 65536));
create policy ask on memkeep.support for insert to memkeep_erase_door
  with check (tenant = memkeep.claim_tenant() and memkeep.claim_right(2097152));
create policy agree on memkeep.support for update to memkeep_erase_door
  using (tenant = memkeep.claim_tenant()) with check (tenant = memkeep.claim_tenant() and memkeep.claim_right(2097152));
create policy erase on memkeep.support for delete to memkeep_erase_door
  using (tenant = memkeep.claim_tenant() and subject >= memkeep.claim_lowest(65536) and subject <= memkeep.claim_highest(65536));
create policy read on memkeep.support for select to memkeep_door
  using (tenant = memkeep.claim_tenant() and memkeep.claim_right(2097152) and memkeep.claim_doorway() = 'support_read');
create policy read_wide on memkeep.support for select to memkeep_wide_door
  using (tenant = memkeep.claim_wide_tenant() and memkeep.claim_right(2097152) and memkeep.claim_doorway() = 'wide_support_read');
create policy recount on memkeep.support for select to memkeep_upkeep_door
  using (tenant = memkeep.claim_tenant() and memkeep.claim_doorway() = 'recount_scope');
create policy ended on memkeep.support for select to memkeep_upkeep_door
  using (memkeep.claim_doorway() = 'expire_keys' and memkeep.claim_right(16384));
create policy expire on memkeep.support for delete to memkeep_upkeep_door
  using (memkeep.claim_doorway() = 'expire_keys' and memkeep.claim_right(16384));

-- Kept answers: one principal's on one shelf.
create policy own on memkeep.answer for all to memkeep_door
  using (memkeep.claim_answers(tenant, subject, principal)) with check (memkeep.claim_answers(tenant, subject, principal));
create policy erase on memkeep.answer for all to memkeep_erase_door
  using (tenant = memkeep.claim_tenant() and subject >= memkeep.claim_lowest(65536) and subject <= memkeep.claim_highest(65536));
create policy recount on memkeep.answer for select to memkeep_upkeep_door
  using (tenant = memkeep.claim_tenant() and memkeep.claim_doorway() = 'recount_scope');
create policy ended on memkeep.answer for select to memkeep_upkeep_door
  using (memkeep.claim_doorway() = 'expire_keys' and memkeep.claim_right(16384));
create policy expire on memkeep.answer for delete to memkeep_upkeep_door
  using (memkeep.claim_doorway() = 'expire_keys' and memkeep.claim_right(16384));

-- Totals over all tenants, which leave their doorway only as sums of many.
create policy aggregate on memkeep.tenant for select to memkeep_upkeep_door
  using (memkeep.claim_right(4194304) and memkeep.claim_doorway() = 'aggregate');
create policy aggregate on memkeep.shelf for select to memkeep_upkeep_door
  using (memkeep.claim_right(4194304) and memkeep.claim_doorway() = 'aggregate');

-- The bar of a tenant whose erasure is over for good.
create policy forget on memkeep.tenant for delete to memkeep_erase_door
  using (tenant = memkeep.claim_wide_tenant() and memkeep.claim_doorway() = 'forget_erasure' and memkeep.claim_right(65536) and state = 1);
