import { randomUUID } from 'node:crypto'
import type { Right } from '../../src/core/rights.ts'
import type { Claims } from '../../src/store/token.ts'
import { subject } from './attacked-keep.ts'

// Every doorway, and what a call of it needs to come as far as its right. One that is missing here turns `every-doorway.test.ts` red.

export interface DoorwayRow {
  /** It opens to a token with one of these sets of rights, and to none that lacks something of each. */
  readonly needs: readonly (readonly Right[])[]
  readonly reach?: Claims['reach']
  /** Arguments that it looks at before the right, by name; the others are null. */
  readonly with?: Readonly<Record<string, unknown>>
}

const anybody: DoorwayRow = { needs: [[]] }
const needs = (...held: readonly Right[]): DoorwayRow => ({ needs: [held] })
const upkeep = needs('upkeep')
const wide = (...held: readonly Right[]): DoorwayRow => ({ ...needs(...held), reach: 'all' })
const one = {
  p_actor: [0],
  p_trust: [1],
  p_sensitivity: [0],
  p_kind: ['fact'],
  p_derived: ['{}'],
  p_ids: [randomUUID()],
}
const page = { p_limit: 1, p_after: '00000000-0000-0000-0000-000000000000' }

export const doorwayRows: Readonly<Record<string, DoorwayRow>> = {
  // Reading.
  read: needs('read'),
  wide_read: wide('read', 'tenant'),
  recall: { ...needs('read'), with: { p_subjects: [], p_versions: [], p_ids: [], p_shelves: [] } },
  wide_recall: { ...wide('read', 'tenant'), with: { p_subjects: [], p_versions: [], p_ids: [], p_shelves: [] } },
  load: { ...needs('read'), with: { p_limit: 1, p_subject: subject } },
  wide_load: { ...wide('read', 'tenant'), with: { p_limit: 1, p_subject: subject } },
  load_shelves: { ...wide('read', 'tenant'), with: { p_limit: 1, p_subjects: [] } },
  list_shelves: wide('read', 'tenant'),
  export: { ...needs('export'), with: { ...page, p_subject: subject } },
  wide_export: { ...wide('export', 'tenant'), with: { ...page, p_subject: subject } },
  library: needs('read'),
  artifacts: needs('read'),
  wide_artifacts: wide('read', 'tenant'),
  // Writing.
  remember: { ...needs('write'), with: one },
  revise: { ...needs('write'), with: { p_actor: 0, p_trust: 1, p_sensitivity: 0 } },
  forget: needs('delete'),
  reindex: needs('write'),
  reseal: { ...needs('write'), with: { p_part: [], p_ids: [], p_was: [] } },
  sealed_rows: { ...needs('read', 'write'), with: { ...page, p_version: 2 } },
  register: {
    ...needs('write'),
    with: { p_shelf: subject, p_place: 1, p_trust: 1, p_sensitivity: 0, p_kind: 'summary', p_derived: [] },
  },
  forget_artifact: { ...needs('delete'), with: { p_shelf: subject } },
  retry_rebuild: { ...needs('write'), with: { p_shelf: subject } },
  note_recalled: { ...anybody, with: { p_readers: [], p_trust: 0 } },
  refuse: anybody,
  note_enumeration: { ...needs('read'), with: { p_number: 1 } },
  // Has a refusal stand in the ledger, whoever asks.
  refuse_scope: { needs: [] },
  // Integrity.
  endorse: { ...needs('endorse'), with: { p_trust: 2 } },
  held: { ...needs('review'), with: page },
  wide_held: { ...wide('review', 'tenant'), with: page },
  review: { ...needs('review'), with: { p_ids: [], p_release: true } },
  hold: { ...needs('review'), with: { p_ids: [], p_versions: [], p_verdicts: [] } },
  episodes: { ...upkeep, with: { p_limit: 1 } },
  distil: upkeep,
  // The ledger.
  list_events: needs('audit'),
  wide_list_events: wide('audit', 'tenant'),
  prove_event: needs('audit'),
  wide_prove_event: wide('audit', 'tenant'),
  read_head: needs('audit'),
  read_log: wide('audit', 'tenant'),
  log_heads: { ...upkeep, with: { p_limit: 1 } },
  log_edges: upkeep,
  anchor_logs: upkeep,
  note_cosigned: upkeep,
  thin_checkpoints: { ...upkeep, with: { p_limit: 1 } },
  pending_events: { ...upkeep, with: { p_limit: 1 } },
  sequence: upkeep,
  due_reads: { ...upkeep, with: { p_limit: 1 } },
  cold_events: upkeep,
  archive_reads: upkeep,
  prune_log: upkeep,
  empty_reads: upkeep,
  // Tenants, policies and keys.
  enter: anybody,
  open_keep: anybody,
  hold_keys: { ...anybody, with: { p_hold_ms: 300_000 } },
  rotating: { ...needs('rotate'), reach: 'all', with: { p_after: Buffer.alloc(0), p_limit: 1 } },
  // Tells nothing of a call that never was.
  settle: anybody,
  create_tenant: needs('tenants'),
  list_tenants: { ...needs('tenants'), with: { p_limit: 1 } },
  set_policy: { needs: [['tenants'], ['policy']], with: { p_expected: 0 } },
  create_key: needs('keys'),
  list_keys: needs('keys'),
  revoke_key: needs('keys'),
  find_key: needs('authenticate'),
  mint_key: { ...needs('mint'), with: { p_subject: subject, p_expires_ms: Date.now() + 60_000 } },
  expire_keys: upkeep,
  // Erasing.
  request_erasure: needs('erase'),
  list_erasures: { needs: [['erase'], ['erasing']] },
  due_erasures: { needs: [['upkeep'], ['erasing']], with: { p_limit: 1 } },
  bar_scope: needs('erasing'),
  delete_scope: needs('erasing'),
  inspect_scope: needs('erasing'),
  recount_scope: needs('erasing'),
  note_erasure_step: needs('erasing'),
  finish_erasure: needs('erasing'),
  ended_erasures: { ...needs('erasing'), with: { p_limit: 1 } },
  forget_erasure: needs('erasing'),
  repeat_erasure: needs('erasing'),
  name_erasure: needs('erasing'),
  reopen_scope: { needs: [['tenants'], ['erasing']] },
  guard_head: needs('erasing'),
  cached_of_scope: needs('erasing'),
  known_of_scope: needs('erasing'),
  place_hold: needs('holds'),
  release_hold: needs('holds'),
  list_holds: needs('holds'),
  // Upkeep.
  sweep: upkeep,
  due_shelves: { ...upkeep, with: { p_limit: 1 } },
  due_vectors: { ...upkeep, with: { p_after_tenant: Buffer.alloc(0), p_after_subject: Buffer.alloc(0), p_limit: 1 } },
  dropped_values: { ...upkeep, with: { p_limit: 1 } },
  retired_keys: { ...upkeep, with: { p_limit: 1 } },
  due_rebuilds: { ...upkeep, with: { p_limit: 1 } },
  rebuild_sources: wide('upkeep', 'read', 'tenant'),
  settle_rebuild: wide('upkeep'),
  settle_unlearned: wide('upkeep'),
  standing_seals: wide('upkeep'),
  hide_lost: wide('upkeep'),
  // The library of the deployment.
  publish: needs('library'),
  list_library: needs('library'),
  retry_entry: needs('library'),
  due_entries: { ...upkeep, with: { p_limit: 1, p_kinds: [], p_lease_ms: 1 } },
  settle_entry: upkeep,
  contributed: wide('upkeep', 'read', 'tenant'),
  // Support access, totals, and answers that are kept: whoever asks keeps its own.
  request_support: { ...needs('support'), with: { p_expires_ms: Date.now() + 3_600_000, p_second: false } },
  approve_support: needs('support'),
  end_support: needs('support'),
  list_support: needs('support'),
  // No right opens these without an access that stands: attacks/support-access.test.ts.
  support_read: { needs: [], with: { p_second: false, p_limit: 1 } },
  wide_support_read: { needs: [], reach: 'all', with: { p_second: false, p_limit: 1 } },
  aggregate: needs('aggregates'),
  claim_answer: { ...anybody, with: { p_until_ms: Date.now() + 60_000 } },
  keep_answer: anybody,
  drop_answer: anybody,
}

/** These bring and drop the keys that tokens are verified with, so no token can be asked for: upkeep's login is the key to them. */
export const withoutToken = ['forget_token_keys', 'install_token_key']
