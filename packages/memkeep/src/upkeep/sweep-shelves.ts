import { type DueEpisodes, type DueRow, dueShelves, shelvesAtOnce } from './due-shelves.ts'
import type { LogCaller } from './log-call.ts'
import { upkeepClaims, upkeepDetail } from './upkeep-call.ts'

interface Swept {
  readonly expired: number
  readonly swept: number
  readonly distilled: number
}

/**
 * Distils the episodes of every shelf on which something is due, and removes what has expired there. A shelf that cannot be swept
 * holds up no other: its error is added to the failures.
 */
export async function sweepShelves(
  caller: LogCaller,
  distil: (due: DueEpisodes) => Promise<number>,
  failures: unknown[],
): Promise<Swept> {
  let [expired, swept, distilled] = [0, 0, 0]
  for (;;) {
    const due = await dueShelves<DueRow>(caller, 'due_shelves', [shelvesAtOnce])
    const failedBefore = failures.length
    for (const row of due) {
      try {
        const keys = await caller.keyring.tenantByTag(row.tenant)
        const { subject, tenant_epoch: tenantEpoch, shelf_epoch: shelfEpoch } = row
        distilled += await distil({ keys, subject, tenantEpoch, shelfEpoch })
        expired += await sweep(caller, { keys, subject, tenantEpoch, shelfEpoch })
      } catch (error) {
        failures.push(error)
      }
    }
    const done = due.length - (failures.length - failedBefore)
    swept += done
    // Shelves that failed stay due: without one that did not, another look would bring the same ones.
    if (due.length < shelvesAtOnce || done === 0) return { expired, swept, distilled }
  }
}

async function sweep(
  { doorways, seams }: LogCaller,
  { keys, subject, tenantEpoch, shelfEpoch }: DueEpisodes,
): Promise<number> {
  const event = seams.ids.uuid(seams.clock.now())
  const rows = await doorways.call<{ outcome: string; ids: string[] }>({
    doorway: 'sweep',
    event,
    claims: upkeepClaims(keys, subject, shelfEpoch, tenantEpoch),
    args: [await upkeepDetail(keys, event)],
  })
  seams.reach('upkeep.expired')
  return rows === 'committed' ? 0 : rows[0]!.ids.length
}
