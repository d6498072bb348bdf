-- What the doorways' owners may do to tables, re-applied whole. Nobody else may do anything.
revoke all on memkeep.tenant, memkeep.shelf, memkeep.memory, memkeep.memory_version, memkeep.removal, memkeep.request,
  memkeep.event, memkeep.api_key, memkeep.erasure, memkeep.erasure_step, memkeep.erasure_guard, memkeep.hold,
  memkeep.pending, memkeep.log, memkeep.log_entry, memkeep.log_tile, memkeep.checkpoint, memkeep.anchor, memkeep.log_line,
  memkeep.lineage, memkeep.recalled, memkeep.aside, memkeep.undistilled, memkeep.reviewed, memkeep.disclosed, memkeep.artifact,
  memkeep.contribution, memkeep.unlearned, memkeep.library_entry, memkeep.library_contribution, memkeep.key_lease,
  memkeep.support, memkeep.answer
  from memkeep_door, memkeep_wide_door, memkeep_upkeep_door, memkeep_label_door, memkeep_erase_door,
  memkeep_derive_door, memkeep_retain_door;
grant select, insert on memkeep.tenant, memkeep.shelf to memkeep_door;
-- Neither epoch nor state: no bug in a doorway reopens what was barred.
grant update (policy, policy_version) on memkeep.tenant to memkeep_door;
grant update (version, floor, memories, bytes, due_ms, waits) on memkeep.shelf to memkeep_door;
grant select, insert, delete on memkeep.memory, memkeep.memory_version, memkeep.removal, memkeep.request to memkeep_door;
grant select on memkeep.tenant, memkeep.shelf, memkeep.memory, memkeep.memory_version, memkeep.removal to memkeep_wide_door;
grant select on memkeep.tenant, memkeep.shelf to memkeep_upkeep_door;
grant insert on memkeep.event, memkeep.pending to memkeep_door, memkeep_wide_door, memkeep_upkeep_door, memkeep_erase_door,
  memkeep_derive_door, memkeep_retain_door;
grant select on memkeep.event, memkeep.pending to memkeep_door, memkeep_wide_door, memkeep_upkeep_door;
grant select on memkeep.log, memkeep.log_entry, memkeep.log_tile, memkeep.checkpoint, memkeep.anchor to memkeep_door, memkeep_wide_door, memkeep_upkeep_door;
-- The log grows and is never rewritten: no update but of its head, and nothing is deleted but what waits for its place, and what
-- the door below puts away.
grant insert on memkeep.log, memkeep.log_entry, memkeep.log_tile, memkeep.checkpoint to memkeep_upkeep_door;
grant update (size, signed_ms, note) on memkeep.log to memkeep_upkeep_door;
grant delete on memkeep.pending to memkeep_upkeep_door;
grant select, insert, update (line) on memkeep.log_line to memkeep_upkeep_door;
grant insert, update (size, vkey, proof, head, witness, cosigned) on memkeep.anchor to memkeep_upkeep_door;
grant select, insert, delete, update (revoked_ms, used_ms) on memkeep.api_key to memkeep_upkeep_door;
grant insert on memkeep.api_key to memkeep_door;
-- Erasing: state and epoch are this door's alone. Of memories it needs to see no more than whose they are.
grant select, update (state, epoch, name, policy, policy_version) on memkeep.tenant to memkeep_erase_door;
grant select, insert, delete, update (state, epoch, version, floor, memories, bytes, due_ms, waits, name) on memkeep.shelf
  to memkeep_erase_door;
grant select (tenant, subject), delete on memkeep.memory, memkeep.memory_version, memkeep.removal, memkeep.request, memkeep.api_key,
  memkeep.lineage, memkeep.recalled, memkeep.aside, memkeep.undistilled, memkeep.reviewed, memkeep.artifact to memkeep_erase_door;
grant select, insert, update on memkeep.erasure, memkeep.erasure_step to memkeep_erase_door;
grant select, insert, update (released_ms), delete on memkeep.hold to memkeep_erase_door;
-- The second count of what is left.
grant select (tenant, subject) on memkeep.memory, memkeep.memory_version, memkeep.removal, memkeep.request, memkeep.hold,
  memkeep.lineage, memkeep.recalled, memkeep.aside, memkeep.undistilled, memkeep.reviewed to memkeep_upkeep_door;
grant select on memkeep.erasure to memkeep_upkeep_door;
grant select, insert, update (head) on memkeep.erasure_guard to memkeep_erase_door;
grant select, insert on memkeep.lineage, memkeep.recalled to memkeep_door;
grant select, insert, delete on memkeep.aside, memkeep.undistilled, memkeep.reviewed to memkeep_door;
grant select on memkeep.aside to memkeep_wide_door;
grant update (trust, noted_ms, shown_external, shown_user), delete on memkeep.recalled to memkeep_door;
grant select, insert, update (from_ms, memories) on memkeep.disclosed to memkeep_door, memkeep_wide_door;
grant delete on memkeep.disclosed to memkeep_door;
grant select (tenant), delete on memkeep.disclosed to memkeep_erase_door;
grant select (tenant) on memkeep.disclosed to memkeep_upkeep_door;
-- Ids, shelves, labels and versions; nothing sealed.
grant select, delete on memkeep.lineage to memkeep_label_door;
grant select (tenant, subject, id, trust), update (trust, shelf_version) on memkeep.memory to memkeep_label_door;
grant select (tenant, subject, id, trust, why, successor, stands_above), update (trust, stands_above, shelf_version) on memkeep.aside to memkeep_label_door;
grant select (tenant, subject, version), update (version) on memkeep.shelf to memkeep_label_door;

-- Artifacts: memkeep_derive_door sees ids and labels, and no sealed column, of artifact or memory.
grant select, insert, delete on memkeep.artifact to memkeep_door;
grant update (state, attempts, due_ms, failure) on memkeep.artifact to memkeep_door;
grant delete on memkeep.contribution to memkeep_door;
grant select (tenant, shelf, artifact) on memkeep.contribution to memkeep_door;
grant select on memkeep.artifact, memkeep.contribution to memkeep_wide_door;
grant select (tenant, subject, id, version, kind, state, sensitivity, created_ms, derived_from, attempts, due_ms) on memkeep.artifact
  to memkeep_upkeep_door;
grant update (attempts, due_ms) on memkeep.artifact to memkeep_upkeep_door;
grant select (tenant, subject, id, sensitivity, trust, derived_from, expires_ms) on memkeep.memory to memkeep_derive_door;
grant select (tenant, subject, id, sensitivity, trust, expires_ms, stands_above) on memkeep.aside to memkeep_derive_door;
grant select on memkeep.lineage to memkeep_derive_door;
grant select (tenant, subject, id, version, kind, place, state, sensitivity, trust, derived_from, seal, epoch) on memkeep.artifact
  to memkeep_derive_door;
grant update, delete on memkeep.artifact to memkeep_derive_door;
grant select, insert, delete on memkeep.contribution, memkeep.unlearned to memkeep_derive_door;
grant update (action) on memkeep.unlearned to memkeep_derive_door;
grant select (tenant, state, epoch) on memkeep.tenant to memkeep_derive_door;
-- One column, as a row can only be locked by who may change something of it; no policy lets this role change any.
grant select (tenant, subject, state), update (due_ms) on memkeep.shelf to memkeep_derive_door;
grant select (tenant, subject, shelf), delete on memkeep.contribution to memkeep_erase_door;
grant select (tenant, subject, shelf) on memkeep.contribution to memkeep_upkeep_door;
-- Reads that were kept long enough: their partitions are emptied, and of the log the leaves of what lies in the cold tier go.
grant select on memkeep.event, memkeep.pending, memkeep.log, memkeep.log_entry to memkeep_retain_door;
grant update (archived, min_index, pruning) on memkeep.log to memkeep_retain_door;
grant delete on memkeep.log_entry to memkeep_retain_door;
grant select, delete on memkeep.checkpoint to memkeep_retain_door;
grant select on memkeep.anchor to memkeep_retain_door;
revoke all on memkeep.event_read_00, memkeep.event_read_01, memkeep.event_read_02, memkeep.event_read_03,
  memkeep.event_read_04, memkeep.event_read_05, memkeep.event_read_06, memkeep.event_read_07,
  memkeep.event_read_08, memkeep.event_read_09, memkeep.event_read_10, memkeep.event_read_11,
  memkeep.event_read_12, memkeep.event_read_13, memkeep.event_read_14, memkeep.event_read_15 from memkeep_retain_door;
grant truncate on memkeep.event_read_00, memkeep.event_read_01, memkeep.event_read_02, memkeep.event_read_03,
  memkeep.event_read_04, memkeep.event_read_05, memkeep.event_read_06, memkeep.event_read_07,
  memkeep.event_read_08, memkeep.event_read_09, memkeep.event_read_10, memkeep.event_read_11,
  memkeep.event_read_12, memkeep.event_read_13, memkeep.event_read_14, memkeep.event_read_15 to memkeep_retain_door;
grant select (id, place) on memkeep.artifact to memkeep_erase_door;
-- What an erasure asks every read path for afterwards.
grant select (id) on memkeep.memory, memkeep.aside to memkeep_erase_door;
grant select (tenant, subject, cause, artifact, action), delete on memkeep.unlearned to memkeep_upkeep_door;

-- The library: any tenant's call reads entries, none sees who contributed.
grant select on memkeep.library_entry to memkeep_door;
grant select (tenant, id, version, kind, state, sensitivity, trust, contributors, created_ms, updated_ms, seal, epoch, attempts, due_ms,
  failure), insert, update, delete on memkeep.library_entry to memkeep_derive_door;
grant select, insert, delete on memkeep.library_contribution to memkeep_derive_door;
grant select (tenant, subject), delete on memkeep.library_contribution to memkeep_erase_door;
grant select (tenant, subject) on memkeep.library_contribution to memkeep_upkeep_door;
grant select, insert, delete, update (seen_ms) on memkeep.key_lease to memkeep_door;
grant select on memkeep.library_contribution to memkeep_wide_door;

-- Support access, and kept answers.
grant select, insert, update (approver, approval, approved_ms, ended_ms), delete on memkeep.support to memkeep_erase_door;
grant select (tenant, subject, id, principal, second, requested_ms, expires_ms, approved_ms, ended_ms) on memkeep.support
  to memkeep_door, memkeep_wide_door;
grant select (tenant, subject, expires_ms), delete on memkeep.support to memkeep_upkeep_door;
grant select, insert, update (answer, epoch, until_ms), delete on memkeep.answer to memkeep_door;
grant select (tenant, subject), delete on memkeep.answer to memkeep_erase_door;
grant select (tenant, subject, until_ms), delete on memkeep.answer to memkeep_upkeep_door;
grant delete on memkeep.tenant, memkeep.erasure, memkeep.erasure_step to memkeep_erase_door;
