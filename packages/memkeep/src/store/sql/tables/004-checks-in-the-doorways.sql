-- owner: memkeep_owner
-- callers: none

-- A check of a table is read from text and planned anew by every statement that writes it (docs/decisions/0005). The labels that a caller brings are looked at by the doorways that take them.
alter table memkeep.shelf drop constraint shelf_tenant_check, drop constraint shelf_subject_check,
  drop constraint shelf_epoch_check, drop constraint shelf_state_check;
alter table memkeep.memory drop constraint memory_version_check, drop constraint memory_sensitivity_check,
  drop constraint memory_trust_check, drop constraint memory_actor_check, drop constraint memory_kind_check;
alter table memkeep.memory_version drop constraint memory_version_sensitivity_check;
alter table memkeep.event drop constraint event_reach_check;
