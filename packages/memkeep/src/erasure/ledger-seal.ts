import { canonicalBytes } from '../proof/canonical-bytes.ts'
import type { ErasureKernel } from './erasure-kernel.ts'
import type { LedgerEntry } from './ledger-lines.ts'

/** In hex: 16 bytes that only this deployment can make, of a line at its place. Whoever can write where the ledger lies enters nobody. */
export async function lineSealOf(
  { keyring }: Pick<ErasureKernel, 'keyring'>,
  { place, at, erasure, kind, tenant, subject, epoch, reason, commit, until }: Omit<LedgerEntry, 'mac'>,
): Promise<string> {
  const fields = canonicalBytes([place, at, erasure, kind, tenant, subject, epoch, reason, commit, until])
  return (await keyring.deployment()).keyedTag('erasure-line', fields).toString('hex')
}

/** Whether this deployment put that line. */
export async function isOwnLine(kernel: Pick<ErasureKernel, 'keyring'>, entry: LedgerEntry): Promise<boolean> {
  return entry.mac === (await lineSealOf(kernel, entry))
}
