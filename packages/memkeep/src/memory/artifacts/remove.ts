import { rightBits } from '../../core/rights.ts'
import type { ScopeClaims } from '../../core/scope.ts'
import { type Access, callRead, withAccess } from '../access.ts'
import { expectRight } from '../denied.ts'
import { lookupId } from '../input.ts'
import type { Kernel } from '../kernel.ts'
import { expectOutcome } from '../outcome.ts'
import { readArtifacts } from './read.ts'

/**
 * Removes an artifact, hidden or not; what was made of it is hidden and rebuilt without it, or goes too. False when there was
 * none in sight. A shared one needs the right `common`.
 */
export function removeArtifact(kernel: Kernel, scope: ScopeClaims, id: unknown): Promise<boolean> {
  const needed = rightBits.read | rightBits.delete
  return onItsShelf(kernel, scope, id, needed, (shelf, found) => ['forget_artifact', [shelf, found, false]])
}

/** Queues an artifact anew that could not be rebuilt. False when there is none in sight that is hidden. */
export function retryArtifact(kernel: Kernel, scope: ScopeClaims, id: unknown): Promise<boolean> {
  const needed = rightBits.read | rightBits.write
  return onItsShelf(kernel, scope, id, needed, (shelf, found) => ['retry_rebuild', [shelf, found]])
}

/** Looks where it is first; one that is not in sight is asked for on the scope's own shelf, with the same work. */
async function onItsShelf(
  kernel: Kernel,
  scope: ScopeClaims,
  given: unknown,
  needed: number,
  call: (shelf: Buffer, id: string) => readonly [doorway: string, args: readonly unknown[]],
): Promise<boolean> {
  const id = lookupId(given)
  return withAccess(kernel, scope, async (access) => {
    await expectRight(kernel, access, needed, ...call(access.shelf, id))
    const [row] = await readArtifacts(kernel, access, [false, [id], null, null, null, 1])
    return (await act(kernel, access, call(row?.subject ?? access.shelf, id))) === 'ok'
  })
}

async function act(
  kernel: Kernel,
  access: Access,
  [doorway, args]: readonly [string, readonly unknown[]],
): Promise<'ok' | 'missing'> {
  const [row] = await callRead<{ outcome: string }>(kernel, access, doorway, args)
  return expectOutcome(row?.outcome, 'ok', 'missing')
}
