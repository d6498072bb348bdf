import {
  type Asker,
  askers,
  type ErasureKind,
  type ErasureReason,
  type ErasureScope,
  type ErasureStep,
  type ErasureStepName,
  type ErasureView,
  erasureReasons,
  erasureSteps,
} from '../core/erasure.ts'
import { MemkeepError } from '../core/errors.ts'

/** A row of `list_erasures`: the outcome, an erasure, or one of its steps. */
export interface ErasureRow extends StepRow {
  readonly outcome: string | null
  readonly id: string
  readonly kind: number
  readonly subject: Buffer
  readonly epoch: number
  readonly state: number
  readonly after: number
  readonly reason: number
  readonly asked_by: number
  readonly principal: Buffer
  readonly scope_commit: Buffer
  readonly names: Buffer | null
  readonly requested_ms: number
  readonly barred_ms: number | null
  readonly done_ms: number | null
  readonly until_ms: number
  readonly report: Buffer | null
  /** See `requestSealOf`. */
  readonly seal: Buffer | null
  readonly step: string | null
}

/** One go at emptying other stores, by its UUID: it stands among the steps, and is none. */
export type TryName = `try.${string}`

/** How a step stands, as every doorway answers that records one. */
export interface StepRow {
  readonly began_ms: number
  readonly ended_ms: number | null
  /** JSON. */
  readonly notes: string
  /** See `sealOf`. Null where the kernel noted nothing yet. */
  readonly mac: Buffer | null
}

/** An erasure as the database holds it. */
export interface ErasureRecord {
  readonly id: string
  readonly tenant: Buffer
  readonly kind: ErasureKind
  /** Sixteen zero bytes for a tenant. */
  readonly subject: Buffer
  readonly epoch: number
  readonly done: boolean
  readonly after: 'bar' | 'reopen'
  readonly reason: ErasureReason
  readonly askedBy: Asker
  readonly principal: Buffer
  readonly scopeCommit: Buffer
  readonly names: Buffer | null
  readonly requestedMs: number
  readonly barredMs: number | null
  readonly untilMs: number
  readonly report: Buffer | null
  readonly seal: Buffer | null
  readonly steps: ReadonlyMap<ErasureStepName, ErasureStep>
  /** The same as they stand in the database. */
  readonly rows: ReadonlyMap<ErasureStepName, StepRow>
  /** See `Try`. */
  readonly tries: ReadonlyMap<TryName, StepRow>
}

/** Erasures with their steps, in the order of the rows. */
export function recordsOf(tenant: Buffer, rows: readonly ErasureRow[]): ErasureRecord[] {
  const found = rows.filter((row) => row.outcome === null)
  return found.filter((row) => row.step === null).map((row) => recordOf(tenant, row, found))
}

function recordOf(tenant: Buffer, row: ErasureRow, rows: readonly ErasureRow[]): ErasureRecord {
  const own = new Map<string, ErasureRow>(
    rows.filter((each) => each.step !== null && each.id === row.id).map((each) => [each.step!, each]),
  )
  const stepRows = new Map(erasureSteps.flatMap((name) => (own.has(name) ? [[name, own.get(name)!] as const] : [])))
  return {
    id: row.id,
    tenant,
    kind: row.kind === 1 ? 'tenant' : 'subject',
    subject: row.subject,
    epoch: row.epoch,
    done: row.state === 1,
    after: row.after === 1 ? 'reopen' : 'bar',
    reason: known(erasureReasons[row.reason]),
    askedBy: known(askers[row.asked_by]),
    principal: row.principal,
    scopeCommit: row.scope_commit,
    names: row.names,
    requestedMs: row.requested_ms,
    // Without its step there is no bar to go by.
    barredMs: own.get('bar')?.ended_ms == null ? null : row.barred_ms,
    untilMs: row.until_ms,
    report: row.report,
    seal: row.seal,
    steps: new Map([...stepRows].map(([name, each]) => [name, stepOf(name, each)])),
    rows: stepRows,
    tries: new Map([...own].filter((each): each is [TryName, ErasureRow] => each[0].startsWith('try.'))),
  }
}

/** The same record when one of its steps has been recorded. */
export function withStep(record: ErasureRecord, name: ErasureStepName, row: StepRow): ErasureRecord {
  return {
    ...record,
    ...(name === 'bar' ? { barredMs: row.ended_ms } : {}),
    steps: new Map([...record.steps, [name, stepOf(name, row)]]),
    rows: new Map([...record.rows, [name, row]]),
  }
}

export function stepOf(step: ErasureStepName, row: StepRow): ErasureStep {
  return {
    step,
    beganAt: new Date(row.began_ms),
    endedAt: row.ended_ms === null ? null : new Date(row.ended_ms),
    notes: known(notesIn(row.notes)),
  }
}

/** Undefined of what is no object in JSON. */
function notesIn(text: string): Record<string, unknown> | undefined {
  try {
    const notes: unknown = JSON.parse(text)
    return typeof notes === 'object' && notes !== null ? (notes as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

/** Whatever a kernel would not have written was written in the database. */
function known<T>(value: T | undefined): T {
  if (value === undefined) throw new MemkeepError('ERR_SEAL_BROKEN', 'the erasure was written in the database')
  return value
}

/** What the record says of a step that has ended. */
export function notesOf<T>(record: ErasureRecord, step: ErasureStepName): T {
  const found = record.steps.get(step)
  if (found?.endedAt == null) throw new MemkeepError('ERR_STORE_VERSION', `the erasure's step ${step} is not there`)
  return found.notes as T
}

export function scopeOf(record: ErasureRecord, ids: ErasureScope['ids']): ErasureScope {
  const { kind, tenant, subject, epoch, id } = record
  return { kind, tenant, subject: kind === 'tenant' ? null : subject, epoch, erasure: id, ids }
}

export function viewOf(record: ErasureRecord, report: ErasureView['report']): ErasureView {
  return Object.freeze({
    id: record.id,
    kind: record.kind,
    state: record.done ? 'done' : 'open',
    reason: record.reason,
    requestedAt: new Date(record.requestedMs),
    steps: [...record.steps.values()],
    report,
  })
}
