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
import {
  type ErasureRecord,
  type ErasureRow,
  recordsOf,
  type StepRow,
  scopeOf,
  stepOf,
  withStep,
} from './erasure-record.ts'
import { openNames } from './names.ts'
import { proveVerified } from './prove-verified.ts'
import { again, callStep, type ErasurePlace, stepCall } from './step-call.ts'
import { incomplete, type Notes, type StepInput } from './steps.ts'
import { verifyScope } from './verify.ts'

/** What each step does; its notes are recorded when it has ended. */
const work: Readonly<
  Record<Exclude<ErasureStepName, 'attest' | keyof typeof recording>, (input: StepInput) => Promise<Notes>>
> = {
  authorise,
  enumerate: enumerateScope,
  invalidate,
  derive: eraseTargets,
  keys: destroyKeys,
  verify: verifyScope,
}

/** These record themselves, in the transaction that does them. */
const recording = { bar, delete: deleteRows } as const

/** How often a process that waits for the lease to end looks at the clock. */
const lookEveryMs = 200

type NotedRow = StepRow & { readonly outcome: string }

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
    if (name === 'keys' && !(await leaseEnded(kernel, record, options.wait))) return record
    if (name === 'attest' && !(await isLogged(kernel, record, options.wait))) return record
    const step = await runStep(kernel, record, name)
    // The barrier may find the scope in another epoch than the request did, and the deletion may move the end.
    record = step === null || name in recording ? await readRecord(kernel, place, id) : withStep(record, step)
    options.onStep(record.steps.get(name) ?? attested(record, kernel))
    if (record.done || name === options.upTo) return record
  }
  throw incomplete('it has no step left and is not done')
}

/** The step as it was recorded; null when the record must be read anew: the erasure is done. */
async function runStep(
  kernel: ErasureKernel,
  record: ErasureRecord,
  name: ErasureStepName,
): Promise<ErasureStep | null> {
  kernel.checkOpen()
  const scope = scopeOf(record, await openNames(kernel, record))
  const beganMs = record.steps.get(name)?.beganAt.getTime() ?? kernel.seams.clock.now()
  const input: StepInput = { kernel, record, scope, beganMs }
  try {
    const step = await take(input, name)
    kernel.seams.reach(`erasure.${name}.noted`)
    return step
  } catch (error) {
    await noteFailure(input, name, error).catch(() => {})
    throw error
  }
}

async function take(input: StepInput, name: ErasureStepName): Promise<ErasureStep | null> {
  const done = () => input.kernel.seams.reach(`erasure.${name}.done`)
  if (name === 'bar' || name === 'delete') {
    const step = await recording[name](input)
    done()
    return step
  }
  if (name === 'attest') {
    await attest(input)
    done()
    return null
  }
  const notes = await work[name](input)
  done()
  return name === 'verify' ? noteVerified(input, notes) : note(input, name, { ended: true, notes })
}

async function note(
  { kernel, record, beganMs }: StepInput,
  name: ErasureStepName,
  { ended, notes }: { readonly ended: boolean; readonly notes: Notes },
): Promise<ErasureStep | null> {
  const args = [record.id, name, beganMs, ended, JSON.stringify(notes)]
  const handled = ['ok', 'conflict']
  const [row] = await callStep<NotedRow>(kernel, record, { doorway: 'note_erasure_step', args, handled })
  return row!.outcome === 'ok' ? stepOf(name, row!) : null
}

/** The attestation proves that this very event is in the log: its id stands in the notes. */
async function noteVerified({ kernel, record, beganMs }: StepInput, notes: Notes): Promise<ErasureStep | null> {
  const event = kernel.seams.ids.uuid(kernel.seams.clock.now())
  const args = [record.id, 'verify', beganMs, true, JSON.stringify({ ...notes, event })]
  const call = await stepCall(kernel, record, args, { event })
  const rows = await kernel.doorways.call<NotedRow>({ doorway: 'note_erasure_step', ...call })
  // Sent twice it was noted by the first.
  if (rows === 'committed' || rows[0]!.outcome === 'conflict') return null
  if (rows[0]!.outcome === 'ok') return stepOf('verify', rows[0]!)
  throw incomplete(`the database refused to note it (${rows[0]!.outcome})`)
}

/** Counts of a deletion that goes on stand in its notes: they are not written over. */
async function noteFailure(input: StepInput, name: ErasureStepName, error: unknown): Promise<void> {
  if (name === 'delete') return
  const { code, message } = error instanceof MemkeepError ? error : { code: 'unexpected', message: '' }
  await note(input, name, { ended: false, notes: { failed: code, ...(message === '' ? {} : { why: message }) } })
}

/** Whether the event of the verification has its place in the tenant's log: whoever sequences gives it one within seconds. */
async function isLogged(kernel: ErasureKernel, record: ErasureRecord, wait: boolean): Promise<boolean> {
  for (
    let pauseMs = lookEveryMs;
    (await proveVerified(kernel, record)) === null;
    pauseMs = Math.min(2000, 2 * pauseMs)
  ) {
    if (!wait) return false
    kernel.checkOpen()
    await sleep(pauseMs)
  }
  return true
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

/** Throws `ERR_INPUT_INVALID` when there is none. */
export async function readRecord(kernel: ErasureKernel, place: ErasurePlace, id: string): Promise<ErasureRecord> {
  const rows = await callStep<ErasureRow>(kernel, place, { doorway: 'list_erasures', args: [id] })
  const [record] = recordsOf(place.tenant, rows)
  if (record === undefined) throw new MemkeepError('ERR_INPUT_INVALID', 'there is no such erasure')
  return record
}
