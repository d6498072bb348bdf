import { setTimeout as sleep } from 'node:timers/promises'
import { type ErasureStep, type ErasureStepName, erasureSteps } from '../core/erasure.ts'
import { MemkeepError } from '../core/errors.ts'
import { attest } from './attest.ts'
import { bar, invalidate } from './bar.ts'
import { deleteRows, eraseTargets } from './delete-rows.ts'
import { destroyKeys } from './destroy-keys.ts'
import { authorise } from './enter.ts'
import { enumerateScope } from './enumerate.ts'
import type { ErasureKernel } from './erasure-kernel.ts'
import { type ErasureRecord, type StepRow, scopeOf, withStep } from './erasure-record.ts'
import { openNames } from './names.ts'
import { checkNotes, sealOf } from './note-seal.ts'
import { type NotedRow, noteStep } from './note-step.ts'
import { proveVerified } from './prove-verified.ts'
import { readRecord } from './read-record.ts'
import { again, type ErasurePlace, stepCall } from './step-call.ts'
import { endOf, incomplete, type Notes, type StepInput } from './steps.ts'
import { unknown, unknownStores } from './unknown-stores.ts'
import { verifyScope } from './verify.ts'

/** What each step does; its notes are recorded when it has ended. */
const work: Readonly<Record<Exclude<ErasureStepName, 'bar' | 'attest'>, (input: StepInput) => Promise<Notes>>> = {
  authorise,
  enumerate: enumerateScope,
  invalidate,
  delete: deleteRows,
  derive: eraseTargets,
  keys: destroyKeys,
  verify: verifyScope,
}

/** How often a process that waits for the lease to end looks at the clock. */
const lookEveryMs = 200

export interface SagaOptions {
  /** False: it returns when the lease has not ended yet, instead of waiting for it. */
  readonly wait: boolean
  readonly onStep: (step: ErasureStep) => void
  /** The last step to take; absent: all of them. */
  readonly upTo?: ErasureStepName
}

/**
 * Carries an erasure out, from wherever it stands, step after step; each is recorded when it has ended, and done again when it
 * was broken off. Returns the record: done, or (without `wait`) waiting for the lease, or as far as `upTo`. Several processes may do this at once.
 */
export async function carryOut(
  kernel: ErasureKernel,
  place: ErasurePlace,
  id: string,
  options: SagaOptions,
): Promise<ErasureRecord> {
  let record = await readRecord(kernel, place, id)
  for (const name of erasureSteps) {
    const known = record.steps.get(name)
    if (known?.endedAt != null) {
      options.onStep(known)
      if (name === options.upTo) return record
      continue
    }
    if (record.done) return record
    await checkNotes(kernel, record)
    await refuseUnknown(kernel, record, name)
    if (name === 'keys' && !(await leaseEnded(kernel, record, options.wait))) return record
    if (name === 'attest') {
      const verified = await verifiedInLog(kernel, record, options.wait)
      if (verified === null) return record
      record = verified
    }
    record = (await runStep(kernel, record, name)) ?? (await readRecord(kernel, place, id))
    options.onStep(record.steps.get(name) ?? attested(record, kernel))
    if (record.done || name === options.upTo) return record
  }
  throw incomplete('it has no step left and is not done')
}

/** Throws for a step that asks stores which this process does not know. It is noted once alone: each note keeps other processes away for a minute, those too that know them. */
async function refuseUnknown(kernel: ErasureKernel, record: ErasureRecord, name: ErasureStepName): Promise<void> {
  const names = unknownStores(kernel, record, name)
  if (names.length === 0) return
  const error = unknown(names)
  const input = { kernel, record, beganMs: kernel.seams.clock.now() }
  if (!record.steps.has(name)) await noteFailure(input, name, error).catch(() => {})
  throw error
}

/** The record with the step; null when it must be read anew. */
async function runStep(
  kernel: ErasureKernel,
  record: ErasureRecord,
  name: ErasureStepName,
): Promise<ErasureRecord | null> {
  kernel.checkOpen()
  const scope = scopeOf(record, await openNames(kernel, record))
  const beganMs = record.steps.get(name)?.beganAt.getTime() ?? kernel.seams.clock.now()
  const input: StepInput = { kernel, record, scope, beganMs }
  try {
    const row = await take(input, name)
    kernel.seams.reach(`erasure.${name}.noted`)
    return row === null ? null : withStep(record, name, row)
  } catch (error) {
    await noteFailure(input, name, error).catch(() => {})
    throw error
  }
}

async function take(input: StepInput, name: ErasureStepName): Promise<StepRow | null> {
  const done = () => input.kernel.seams.reach(`erasure.${name}.done`)
  if (name === 'bar' || name === 'attest') {
    // These record themselves, in the transaction that does them.
    const row = name === 'bar' ? await bar(input) : await attest(input)
    done()
    return row
  }
  const notes = await work[name](input)
  done()
  if (name === 'verify') return noteVerified(input, notes)
  return noteStep(input, name, notes, endOf(input.kernel, input.record))
}

/** The attestation proves that this very event is in the log: its id stands in the notes. */
async function noteVerified({ kernel, record, beganMs }: StepInput, notes: Notes): Promise<StepRow | null> {
  const event = kernel.seams.ids.uuid(kernel.seams.clock.now())
  const [text, endedMs] = [JSON.stringify({ ...notes, event }), endOf(kernel, record)]
  const mac = await sealOf(kernel, record, 'verify', { notes: text, ended_ms: endedMs })
  // One that has ended and is done anew makes way for this.
  const instead = record.rows.get('verify')?.mac ?? null
  const call = await stepCall(kernel, record, [record.id, 'verify', beganMs, endedMs, text, mac, instead], { event })
  const rows = await kernel.doorways.call<NotedRow>({ doorway: 'note_erasure_step', ...call })
  // Sent twice it was noted by the first.
  if (rows === 'committed' || rows[0]!.outcome === 'conflict') return null
  if (rows[0]!.outcome === 'ok') return rows[0]!
  throw incomplete(`the database refused to note it (${rows[0]!.outcome})`)
}

/** Failures that are told in words, which are this room's own. Others may name a file, an address or somebody else's key, and a tenant is shown what is noted. */
const toldCodes = ['ERR_ERASURE_INCOMPLETE', 'ERR_ACCESS_DENIED']

/** Counts of a deletion that goes on stand in its notes: they are not written over. */
async function noteFailure(input: Omit<StepInput, 'scope'>, name: ErasureStepName, error: unknown): Promise<void> {
  if (name === 'delete') return
  const { code, message } = error instanceof MemkeepError ? error : { code: 'unexpected', message: '' }
  await noteStep(input, name, { failed: code, ...(toldCodes.includes(code) ? { why: message } : {}) }, null)
}

/**
 * The record whose verification has its event in the tenant's log; null while it waits for its place, which whoever sequences gives it within seconds. An event that is gone (the log
 * was put back behind it, or lost it) proves nothing any more: the scope is verified anew, once, with another.
 */
async function verifiedInLog(
  kernel: ErasureKernel,
  record: ErasureRecord,
  wait: boolean,
): Promise<ErasureRecord | null> {
  let verified = record
  for (let pauseMs = lookEveryMs; ; pauseMs = Math.min(2000, 2 * pauseMs)) {
    const proof = await proveVerified(kernel, verified)
    if (proof === 'missing') {
      if (verified !== record) throw incomplete('the event of its verification is lost again and again')
      verified = (await runStep(kernel, record, 'verify')) ?? (await readRecord(kernel, record, record.id))
      continue
    }
    if (proof !== null) return verified
    if (!wait) return null
    kernel.checkOpen()
    await sleep(pauseMs)
  }
}

/** Whether no process can hold a key from before the barrier any more. */
async function leaseEnded(kernel: ErasureKernel, record: ErasureRecord, wait: boolean): Promise<boolean> {
  const endMs = record.barredMs! + (await again(kernel.leaseMs))
  while (kernel.seams.clock.now() < endMs) {
    if (!wait) return false
    kernel.checkOpen()
    await sleep(lookEveryMs)
  }
  return true
}

function attested(record: ErasureRecord, kernel: ErasureKernel): ErasureStep {
  const at = new Date(kernel.seams.clock.now())
  return { step: 'attest', beganAt: at, endedAt: record.done ? at : null, notes: {} }
}
