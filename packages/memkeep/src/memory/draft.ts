import { actors, sensitivities, trusts } from '../core/labels.ts'
import type { StoredReceipt } from '../core/memory.ts'
import type { DataKey } from '../keys/data-key.ts'
import { encodeEntry, type IndexEntry } from '../recall/index-entry.ts'
import type { Labels } from '../store/reading.ts'
import { byteaArray, int2Array, int8Array, textArray, uuidArray } from '../store/wire-arrays.ts'
import type { Access } from './access.ts'
import { flagsOf, type Placed } from './gate.ts'
import { indexOf, type Vectors } from './index-of.ts'
import type { Kernel } from './kernel.ts'
import { type Details, sealMemory } from './row.ts'

/** A memory as it is about to be stored: labelled, indexed and sealed. */
export interface Draft {
  readonly input: Placed
  readonly labels: Labels
  readonly index: IndexEntry
  readonly content: Buffer
  readonly details: Buffer
  readonly entry: Buffer
}

export function draft(
  kernel: Kernel,
  access: Access,
  key: DataKey,
  input: Placed,
  { own, ...former }: Vectors,
  nowMs: number,
): Draft {
  const { content, actor, trust, sensitivity, kind, atMs, expiresMs, derivedFrom } = input
  const id = kernel.seams.ids.uuid(nowMs)
  const times = { atMs, createdMs: nowMs, updatedMs: nowMs, expiresMs }
  const { tags, metadata, source, session, speaker, importance, tool } = input
  const labels: Labels = { id, version: 1, sensitivity, trust, actor, kind, ...times, derivedFrom }
  const { agent } = access.scope
  const flags = flagsOf(input.judgement)
  const supersedes = input.place === 'memory' ? input.supersedes : null
  const details: Details = { tags, metadata, source, agent, session, speaker, importance, tool, flags, supersedes }
  const index = indexOf(kernel, content, details, own, { ...former, atMs, importance })
  return { input, labels, index, ...sealMemory(key, labels, { content, details, entry: encodeEntry(index) }) }
}

/** The parallel arrays of the doorway `remember`. */
export function columns(drafts: readonly Draft[]): unknown[] {
  const labels = drafts.map((item) => item.labels)
  return [
    uuidArray(labels.map((row) => row.id)),
    int2Array(labels.map((row) => actors.indexOf(row.actor))),
    int2Array(labels.map((row) => trusts.indexOf(row.trust))),
    int2Array(labels.map((row) => sensitivities.indexOf(row.sensitivity))),
    textArray(labels.map((row) => row.kind)),
    int8Array(labels.map((row) => row.atMs)),
    int8Array(labels.map((row) => row.expiresMs)),
    textArray(labels.map((row) => `{${row.derivedFrom.join(',')}}`)),
    byteaArray(drafts.map((item) => item.content)),
    byteaArray(drafts.map((item) => item.details)),
    byteaArray(drafts.map((item) => item.entry)),
  ]
}

export function waitsForVector({ index }: Pick<Draft, 'index'>): boolean {
  return index.model !== null && index.vector === null
}

/** What does not stay for good takes nobody's place. */
export function supersededBy({ input: { place, supersedes } }: Draft): string | null {
  return place === 'memory' ? supersedes : null
}

export function receiptOf(draft: Draft): StoredReceipt {
  const { labels, input } = draft
  const superseded = supersededBy(draft)
  return {
    outcome: input.place === 'held' ? 'quarantined' : waitsForVector(draft) ? 'queued' : 'stored',
    id: labels.id,
    version: labels.version,
    trust: labels.trust,
    durableUntil: labels.expiresMs === null ? null : new Date(labels.expiresMs),
    verdict: input.judgement.verdict,
    ...(superseded === null ? {} : { supersedes: superseded }),
  }
}
