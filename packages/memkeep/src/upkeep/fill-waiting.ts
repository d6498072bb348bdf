import { MemkeepError } from '../core/errors.ts'
import { dueShelves, shelvesAtOnce, type WaitingRow, type WaitingShelf } from './due-shelves.ts'
import type { LogCaller } from './log-call.ts'

/** Has every shelf that waits for vectors embedded, once: what cannot be embedded now goes on waiting. Returns how many memories were. */
export async function fillWaiting(
  caller: LogCaller,
  embed: (waiting: WaitingShelf) => Promise<number>,
  failures: unknown[],
): Promise<number> {
  let embedded = 0
  let after: Pick<WaitingRow, 'tenant' | 'subject'> = { tenant: Buffer.alloc(0), subject: Buffer.alloc(0) }
  for (;;) {
    const rows = await dueShelves<WaitingRow>(caller, 'due_vectors', [after.tenant, after.subject, shelvesAtOnce])
    for (const row of rows) {
      const { tenant, subject, tenant_epoch: tenantEpoch, shelf_epoch: shelfEpoch, waits } = row
      try {
        const openKeys = () => caller.keyring.tenantByTag(tenant)
        embedded += await embed({ openKeys, subject, tenantEpoch, shelfEpoch, waits })
      } catch (error) {
        failures.push(error)
        // It is asked again at the next pass, and not for every shelf.
        if (error instanceof MemkeepError && error.code === 'ERR_EMBEDDER') return embedded
      }
      after = row
    }
    if (rows.length < shelvesAtOnce) return embedded
  }
}
