import type { ErasureReport, NotCovered, Residue } from '../core/erasure.ts'
import type { DeletionNotes, DeriveNotes } from './delete-rows.ts'
import type { KeyNotes } from './destroy-keys.ts'
import { type ErasureRecord, notesOf } from './erasure-record.ts'
import type { VerifyNotes } from './verify.ts'

/** What an erasure did and did not, from what its steps recorded. */
export function reportOf(record: ErasureRecord): ErasureReport {
  const verified = notesOf<VerifyNotes>(record, 'verify')
  const derive = notesOf<DeriveNotes>(record, 'derive')
  const keys = notesOf<KeyNotes>(record, 'keys')
  const { digest } = notesOf<{ digest: string }>(record, 'enumerate')
  const { stores, ...verification } = verified
  const verifiedMs = record.steps.get('verify')!.endedAt!.getTime()
  return {
    id: record.id,
    kind: record.kind,
    reason: record.reason,
    requestedAt: iso(record.requestedMs),
    barrierAt: iso(record.barredMs!),
    deletedAt: record.steps.get('delete')!.endedAt!.toISOString(),
    planDigest: digest,
    scopeCommit: record.scopeCommit.toString('hex'),
    stores,
    derived: derive.derived,
    keysDestroyed: isDestroyed(keys, verifiedMs) ? keys.deleted : 0,
    verification,
    residue: residueOf(record, verifiedMs),
    notCovered: [...derive.notCovered, ...notCovered(record, keys, verifiedMs)],
  }
}

const dayMs = 86_400_000

/** When the last backup has gone that could hold what was deleted, as that step noted it. */
export function untilOf(record: ErasureRecord): number {
  return notesOf<DeletionNotes>(record, 'delete').untilMs
}

/** What stays in the database and the key store on purpose. The inventory names the same tables. */
function residueOf(record: ErasureRecord, verifiedMs: number): Residue[] {
  // As forget_erasure has it: not within a day of the end, for the scopes and tokens that were minted before.
  const until = iso(Math.max(untilOf(record), verifiedMs + dayMs))
  const bar = record.kind === 'tenant' ? 'tenant' : 'shelf'
  const leaves =
    'events stay as they were logged: tags, times, ids of memories, also of those that a read over every subject disclosed; details of writes, which no key opens, and who read, for auditors'
  return [
    { what: bar, rows: 1, why: 'the bar: it keeps the erased epoch closed', until },
    { what: 'erasure, erasure_step', rows: null, why: 'the record of this erasure, by tags', until },
    { what: 'event', rows: null, why: leaves, until: null },
    { what: 'key store', rows: 1, why: 'a record without a key that says what was erased', until },
  ]
}

/** A root that takes its time is not done before that has passed. */
function isDestroyed({ destroyedAt }: KeyNotes, atMs: number): boolean {
  return destroyedAt !== null && Date.parse(destroyedAt) <= atMs
}

/** Under keys that stand. The deployment's seals whom API keys are for, and of an open erasure the ids of its scope. */
const sealedIds = {
  subject: "the subject's id, sealed under its tenant's key and the deployment's, in backups",
  tenant: "ids of the tenant and its subjects, sealed under the deployment's key, in backups",
} as const

const noLedger = 'what a restored backup brings back: there was no erasure ledger, so nothing erases it again'

function notCovered(record: ErasureRecord, keys: KeyNotes, atMs: number): NotCovered[] {
  const until = iso(untilOf(record))
  const copies = { what: 'deleted key records in backups of the key store', until: keys.destroyedAt ?? until }
  return [
    {
      what: 'sealed bytes and tags in freed pages of the database, until it has vacuumed and written over them',
      until: null,
    },
    { what: 'sealed bytes and tags in backups, replicas and the write-ahead log of the database', until },
    ...(notesOf<{ entered: number | null }>(record, 'authorise').entered === null ? [{ what: noLedger, until }] : []),
    ...(isDestroyed(keys, atMs) ? [] : [copies]),
    { what: 'copies of a root key that was kept in a file, and what a disk keeps of one that was written over', until },
    { what: sealedIds[record.kind], until },
    { what: 'files that were exported, and what was read before the barrier', until: null },
    { what: 'logs, prompt caches and fine-tuned models of model and embedding providers; telemetry', until: null },
  ]
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
