import { type Trust, trusts } from '../core/labels.ts'
import { type Access, callRead } from './access.ts'
import type { Kernel } from './kernel.ts'
import { expectOutcome } from './outcome.ts'

/**
 * Under whose names it is kept what a scope was shown: the session that it is bound to, or its principal, and a
 * session that the call names besides.
 */
export function readersOf({ scope, keys, claims }: Access, sessions: readonly (string | null)[]): Buffer[] {
  const named = new Set(sessions.filter((session) => session !== null))
  if (scope.session !== null) named.add(scope.session)
  const tags = [...named].map((session) => keys.sessionTag(session))
  return scope.session === null ? [claims.principal, ...tags] : tags
}

/**
 * Notes what trust these memories have, which are about to be shown: what their reader stores from now on without naming a source is
 * trusted no more than the least of them. It writes only when that falls. When it fails, they must not be shown.
 * A tenant-wide scope stores nothing, so nothing is noted of it.
 */
export async function noteRecalled(
  kernel: Kernel,
  access: Access,
  memories: readonly { readonly trust: Trust }[],
  session: string | null = null,
): Promise<void> {
  if (access.scope.reach === 'all') return
  const lowest = memories.reduce((low, { trust }) => Math.min(low, trusts.indexOf(trust)), trusts.length - 1)
  if (lowest === trusts.length - 1) return
  const shelf = `${access.keys.tag.toString('hex')}/${access.shelf.toString('hex')}`
  const falling = readersOf(access, [session]).filter((reader) =>
    kernel.notedTrust.isFall(`${shelf}/${reader.toString('hex')}`, lowest),
  )
  if (falling.length === 0) return
  const [row] = await callRead<{ outcome: string }>(kernel, access, 'note_recalled', [falling, lowest])
  expectOutcome(row?.outcome, 'ok')
  for (const reader of falling) kernel.notedTrust.set(`${shelf}/${reader.toString('hex')}`, lowest)
}
