import type { ErasureReport, ErasureView } from '../core/erasure.ts'
import type { ErasureKernel } from './erasure-kernel.ts'
import type { ErasureRecord } from './erasure-record.ts'
import { reopen } from './reopen.ts'
import { reportOf } from './report.ts'
import { callStep } from './step-call.ts'
import type { Notes, StepInput } from './steps.ts'

/** What a finished erasure keeps. */
interface Kept {
  readonly report: ErasureReport
  readonly attestation: string | null
}

/** Writes down what was done, opens the scope anew when that was asked for, and ends the erasure. */
export async function attest({ kernel, record, scope }: StepInput): Promise<Notes> {
  const kept: Kept = { report: reportOf(record), attestation: null }
  if (record.after === 'reopen') await reopen(kernel, record, scope)
  const bytes = Buffer.from(JSON.stringify(kept), 'utf8')
  await callStep(kernel, record, { doorway: 'finish_erasure', args: [record.id, bytes] })
  return {}
}

/** The report of a finished erasure, with the salt that its requester may show its scope by; null while it is open. */
export async function openReport(kernel: ErasureKernel, record: ErasureRecord): Promise<ErasureView['report']> {
  if (record.report === null) return null
  const { report, attestation } = JSON.parse(record.report.toString('utf8')) as Kept
  return Object.freeze({ ...report, salt: (await saltOf(kernel, record.id)).toString('hex'), attestation })
}

/** 16 bytes that only this deployment can make. */
export async function saltOf({ keyring }: Pick<ErasureKernel, 'keyring'>, id: string): Promise<Buffer> {
  return (await keyring.deployment()).keyedTag('erasure-salt', id)
}
