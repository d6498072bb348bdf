import { type Access, callRead } from './access.ts'
import type { Kernel } from './kernel.ts'
import { expectOutcome } from './outcome.ts'

/**
 * Notes what a search is about to show, out of how many memories that its scope reads. When its searches walk them, that stands in the ledger, once
 * an hour: `disclosure.enumeration`.
 */
export async function noteEnumeration(
  kernel: Kernel,
  access: Access,
  ids: readonly string[],
  readable: number,
): Promise<void> {
  const { tenant, principal, shelf, reach } = access.claims
  const reader = [tenant, principal, shelf].map((tag) => tag.toString('hex')).join('/')
  const walked = kernel.disclosures.noteSearch(`${reader}/${reach}`, ids, readable)
  if (walked === null) return
  const [row] = await callRead<{ outcome: string }>(kernel, access, 'note_enumeration', [walked])
  expectOutcome(row?.outcome, 'ok')
}
