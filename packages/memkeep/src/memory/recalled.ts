import { type Trust, trusts } from '../core/labels.ts'
import { type Access, callRead } from './access.ts'
import type { Kernel } from './kernel.ts'
import { expectOutcome } from './outcome.ts'

/** Under whose names it is kept what may have gone into what a scope says: those of `namesOf`, and its principal as one that reads tenant-wide. */
export function readersOf(access: Access, sessions: readonly (string | null)[]): Buffer[] {
  return [...namesOf(access, sessions), wideReader(access)]
}

/** Under whose names it is kept what a scope was shown or told: the session that it is bound to, or its principal, and a session that the call names besides. */
export function namesOf(access: Access, sessions: readonly (string | null)[]): Buffer[] {
  const { scope, keys, claims } = access
  const named = new Set(sessions.filter((session) => session !== null))
  if (scope.session !== null) named.add(scope.session)
  const tags = [...named].map((session) => keys.sessionTag(session))
  if (scope.reach === 'all') return [wideReader(access), ...tags]
  return scope.session === null ? [claims.principal, ...tags] : tags
}

/** The tag of the session that something is said in: its own, or that of the scope; null without one. */
export function talkOf({ scope, keys }: Access, session: string | null): Buffer | null {
  const talk = session ?? scope.session
  return talk === null ? null : keys.sessionTag(talk)
}

/** A name of its own: what a principal was shown tenant-wide is held against it also where it speaks in a session. */
function wideReader({ keys, claims }: Access): Buffer {
  return keys.keyedTag('wide-reader', claims.principal)
}

/**
 * Notes what trust these memories have, which are about to be shown: what their reader stores from now on without naming a source is
 * trusted no more than the least of them: on this shelf, or on any when it is the common one's or tenant-wide. It writes only when that falls. When it
 * fails, they must not be shown.
 */
export async function noteRecalled(
  kernel: Kernel,
  access: Access,
  memories: readonly { readonly trust: Trust }[],
  session: string | null = null,
): Promise<void> {
  const lowest = memories.reduce((low, { trust }) => Math.min(low, trusts.indexOf(trust)), trusts.length - 1)
  if (lowest === trusts.length - 1) return
  const shelf = `${access.keys.tag.toString('hex')}/${access.shelf.toString('hex')}`
  const falling = namesOf(access, [session]).filter((reader) =>
    kernel.notedTrust.isFall(`${shelf}/${reader.toString('hex')}`, lowest),
  )
  if (falling.length === 0) return
  const [row] = await callRead<{ outcome: string }>(kernel, access, 'note_recalled', [falling, lowest])
  expectOutcome(row?.outcome, 'ok')
  for (const reader of falling) kernel.notedTrust.set(`${shelf}/${reader.toString('hex')}`, lowest)
}
