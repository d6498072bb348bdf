import { MemkeepError } from '../core/errors.ts'
import type { ScopeClaims } from '../core/scope.ts'
import { callRead, withAccess } from './access.ts'
import type { Kernel } from './kernel.ts'
import { expectOutcome } from './outcome.ts'

/** Records in the ledger that a door refused this principal's call because it named whose memories it means. */
export async function refuseScope(kernel: Kernel, scope: ScopeClaims): Promise<void> {
  await withAccess(kernel, scope, async (access) => {
    const [row] = await callRead<{ outcome: string }>(kernel, access, 'refuse_scope', [])
    if (row?.outcome !== 'denied')
      throw new MemkeepError('ERR_AUDIT_UNAVAILABLE', `not recorded: ${expectOutcome(row?.outcome)}`)
  })
}
