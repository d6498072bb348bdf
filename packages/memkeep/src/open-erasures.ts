import type { Witness } from './audit/witness.ts'
import type { Connectors } from './connectors/connectors.ts'
import { checkConnectorName } from './connectors/portable-connector.ts'
import { MemkeepError } from './core/errors.ts'
import { connectorTarget } from './erasure/connector-target.ts'
import type { ErasureLedger } from './erasure/erasure-ledger.ts'
import { Erasures } from './erasure/erasures.ts'
import { withAccess } from './memory/access.ts'
import type { Kernel } from './memory/kernel.ts'
import { expectOutcome } from './memory/outcome.ts'
import { announceHold } from './own-calls.ts'
import { artifactTarget } from './upkeep/artifact-target.ts'
import { cacheTarget } from './upkeep/cache-target.ts'
import { endUnread } from './upkeep/ended-versions.ts'
import { dueErasures, endedErasures, findErasure, openErasuresOf } from './upkeep/find-erasures.ts'
import { recountScope } from './upkeep/recount-scope.ts'
import { restoredIds } from './upkeep/restored-ids.ts'

/** How a keep erases. */
export interface ErasureSettings {
  readonly connectors: Connectors
  /** Names of connectors that this process was not opened with. */
  readonly elsewhere: readonly string[]
  /** How long this process holds a key open: an erasure waits for the longest time that any has announced. */
  readonly leaseMs: number
  readonly keepsBackupsMs: number
  readonly ledger: ErasureLedger | null
  readonly witness: Witness | null
}

const dayMs = 86_400_000

/** Those that this process was not opened with all the same. */
export function checkElsewhere(names: readonly string[] = [], { names: own }: Connectors): string[] {
  for (const name of names) checkConnectorName(name)
  return names.filter((name) => !own.includes(name))
}

/** From 0 to ten years of days, in milliseconds. */
export function checkBackupDays(days = 35): number {
  if (!Number.isInteger(days) || days < 0 || days > 3650) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'keepsBackupsDays must be a whole number from 0 to 3,650')
  }
  return days * dayMs
}

/**
 * The room that erases, given what it needs of the others. `rebuild` makes anew what is due of what was made of memories, as far as this
 * process can.
 */
export function openErasures(
  kernel: Kernel,
  { connectors, leaseMs, ...settings }: ErasureSettings,
  rebuild: () => Promise<unknown>,
): Erasures {
  const { doorways, keyring, seams, policy, checkOpen, shelves, cache } = kernel
  return new Erasures({
    ...settings,
    leaseMs: () => announceHold({ doorways, keyring, seams }, leaseMs),
    targets: [
      cacheTarget({ doorways, keyring, seams, cache }),
      artifactTarget({ doorways, keyring, seams, rebuild }),
      ...(connectors.names.length === 0 ? [] : [connectorTarget(connectors)]),
    ],
    endVersions: (tenant) => endUnread({ doorways, keyring, seams }, tenant),
    doorways,
    keyring,
    seams,
    policy,
    checkOpen,
    access: (scope, run) =>
      withAccess(kernel, scope, (access) => run({ ...access, expect: (outcome) => void expectOutcome(outcome, 'ok') })),
    recount: (call) => recountScope(doorways, call),
    due: () => dueErasures({ doorways, keyring, seams }),
    open: (grant) => openErasuresOf({ doorways, keyring, seams }, grant),
    find: (id, grant) => findErasure({ doorways, keyring, seams }, id, grant),
    ended: () => endedErasures({ doorways, keyring, seams }),
    restoredIds: (place, names) => restoredIds(keyring, place, names),
    drop: (tenant) => {
      shelves.drop(tenant.toString('hex'))
      keyring.forget(tenant)
    },
  })
}
