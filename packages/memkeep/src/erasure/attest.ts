import { nodeSha256 } from '../audit/node-sha256.ts'
import type { ErasureReport, FinishedErasure } from '../core/erasure.ts'
import { MemkeepError } from '../core/errors.ts'
import { attestedName, type ErasurePredicate, erasurePredicate } from '../proof/attestation.ts'
import { canonicalBytes } from '../proof/canonical-bytes.ts'
import { encodeEnvelope, signEnvelope } from '../proof/dsse.ts'
import { toHex } from '../proof/hex.ts'
import { encodeStatement, inTotoType } from '../proof/in-toto-statement.ts'
import { verifyAttestation } from '../proof/verify-attestation.ts'
import type { ErasureKernel } from './erasure-kernel.ts'
import type { ErasureRecord } from './erasure-record.ts'
import { saltOf } from './names.ts'
import { proveVerified } from './prove-verified.ts'
import { reopen } from './reopen.ts'
import { reportOf } from './report.ts'
import { callStep } from './step-call.ts'
import { incomplete, type StepInput } from './steps.ts'

/** What a finished erasure keeps. */
interface Kept {
  readonly report: ErasureReport
  readonly attestation: string
  /** In hex, by `keptSealOf`. */
  readonly mac: string
}

/**
 * Signs what was done, with the proof that its verification is in the tenant's log, opens the scope anew when that was asked
 * for, and ends the erasure: the event of this end commits to the attestation. Null: the record as it ended must be read.
 */
export async function attest({ kernel, record, scope }: StepInput): Promise<null> {
  const report = reportOf(record)
  const attestation = await signed(kernel, record, report)
  if (record.after === 'reopen') await reopen(kernel, record, scope)
  const mac = (await keptSealOf(kernel, record, { report, attestation })).toString('hex')
  const bytes = Buffer.from(JSON.stringify({ report, attestation, mac } satisfies Kept), 'utf8')
  const digest = toHex(nodeSha256(Buffer.from(attestation, 'utf8')))
  const args = [record.id, bytes]
  await callStep(kernel, record, { doorway: 'finish_erasure', args, stated: { attestation: digest } })
  return null
}

async function signed(kernel: ErasureKernel, record: ErasureRecord, report: ErasureReport): Promise<string> {
  const inclusion = await proveVerified(kernel, record)
  if (inclusion === null || inclusion === 'missing') throw incomplete('its verification is not in the log yet')
  const { origin, vkey, line, index, file } = inclusion
  const key = await kernel.keyring.logKey(record.tenant, line)
  if (key.vkey !== vkey) throw incomplete('the log is signed with another key')
  const { id, kind, reason, scopeCommit, ...rest } = report
  const predicate: ErasurePredicate = {
    verifier: { id: 'memkeep' },
    id,
    kind,
    reason,
    scopeCommit,
    requestedBy: record.askedBy,
    authorisedBy: record.principal.toString('hex'),
    ...rest,
    log: { origin, key: vkey, index, proof: file },
  }
  const subject = [{ name: attestedName(id), sha256: record.scopeCommit }]
  const statement = { subject, predicateType: erasurePredicate, predicate: { ...predicate } }
  const envelope = await signEnvelope(nodeSha256, inTotoType, encodeStatement(statement), [key])
  const attestation = Buffer.from(encodeEnvelope(envelope)).toString('utf8')
  // One that nobody could verify ends nothing.
  await verifyAttestation(attestation, { key: vkey, sha256: nodeSha256 })
  return attestation
}

/** 16 bytes that only this deployment can make, of what is kept of this very erasure: no report of another scope, or of an earlier epoch of this one, is its. */
async function keptSealOf(
  { keyring }: ErasureKernel,
  { id, tenant, kind, subject, epoch }: ErasureRecord,
  { report, attestation }: Omit<Kept, 'mac'>,
): Promise<Buffer> {
  const fields = canonicalBytes([id, tenant, kind, subject, epoch, JSON.stringify(report), attestation])
  return (await keyring.deployment()).keyedTag('erasure-report', fields)
}

/**
 * The report of a finished erasure, with the salt that its requester may show its scope by; null while it is open. Throws `ERR_SEAL_BROKEN` for one that this
 * deployment did not put there.
 */
export async function openReport(kernel: ErasureKernel, record: ErasureRecord): Promise<FinishedErasure | null> {
  if (!record.done) return null
  const kept = keptOf(record.report)
  const mac = kept === null ? null : (await keptSealOf(kernel, record, kept)).toString('hex')
  if (kept === null || kept.mac !== mac) {
    throw new MemkeepError('ERR_SEAL_BROKEN', 'the report of the erasure was written in the database')
  }
  const { report, attestation } = kept
  return Object.freeze({ ...report, salt: (await saltOf(kernel, record.id)).toString('hex'), attestation })
}

function keptOf(bytes: Buffer | null): Kept | null {
  try {
    const { report, attestation, mac } = JSON.parse((bytes ?? Buffer.alloc(0)).toString('utf8')) as Partial<Kept>
    return report === undefined || typeof attestation !== 'string' || mac === undefined
      ? null
      : { report, attestation, mac }
  } catch {
    return null
  }
}
