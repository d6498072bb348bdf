import { type Trust, trusts } from '../core/labels.ts'
import { canonicalBytes } from '../proof/canonical-bytes.ts'
import type { Claims } from '../store/token.ts'
import { type Access, callRead } from './access.ts'
import { mostTrusted } from './gate.ts'
import type { CheckedInput } from './input.ts'
import type { Kernel } from './kernel.ts'
import { expectOutcome } from './outcome.ts'

// Names under which it is kept what somebody was shown or told, each a tag:
//   the session that a scope is bound to, whoever that is: binding it is the word of whoever mints scopes;
//   a session that a call names and no scope is bound to: that principal's word, so it is held against that principal alone;
//   a principal: all that it was shown, in whichever session, and told in turns without being bound to one;
//   a principal as an unbound reader: what it was shown outside of any session, which may go into any;
//   a principal as a wide reader: what it was shown tenant-wide.

/** Under whose names it is kept what may have gone into what a scope says in these sessions (null: in none that the call names). */
export function readersOf(access: Access, sessions: readonly (string | null)[]): Buffer[] {
  const { scope, claims } = access
  const named = namedBy(access, sessions)
  const own = scope.session === null ? claims.principal : unboundReader(access)
  const said = named.map((session) => saidSession(access, session))
  return [own, wideReader(access), ...boundTo(access, named), ...said]
}

/** Under whose names it is kept what those were shown or told that are bound to these sessions. */
export function boundTo({ keys }: Access, sessions: readonly (string | null)[]): Buffer[] {
  return [...new Set(sessions)].filter((session) => session !== null).map((session) => keys.sessionTag(session))
}

/** Under whose names it is kept what a scope is shown. Whoever reads unbound may say it in any session; whoever reads in one, outside of it. */
function shownTo(access: Access): Buffer[] {
  const { scope, claims } = access
  const bound = boundTo(access, [scope.session])
  if (scope.reach === 'all') return [wideReader(access), ...bound]
  return [claims.principal, ...(scope.session === null ? [unboundReader(access)] : bound)]
}

/** The same of what is common to all subjects, and not by a session's name: on another subject it is another's. */
function shownOfAll(access: Access): Buffer[] {
  const { scope, claims } = access
  return [claims.principal, scope.session === null ? unboundReader(access) : saidSession(access, scope.session)]
}

/** Where that is kept: every shelf's calls look there. */
function commonClaims({ keys, claims }: Access): Claims {
  return { ...claims, reach: 'common', shelf: keys.commonTag }
}

/** Under whose names it is kept what is told in turns. */
export function listenersOf(access: Access, sessions: readonly (string | null)[]): Buffer[] {
  const talks = namedBy(access, sessions).map((session) => talkOf(access, session)!)
  return access.scope.session === null ? [access.claims.principal, ...talks] : talks
}

/**
 * The tag of the session that something is said in: its own, or that of the scope; null without one. What is said about all subjects is told to nobody
 * else that is bound to a session of that name: theirs are other talks.
 */
export function talkOf(access: Access, session: string | null): Buffer | null {
  const { scope, keys } = access
  const talk = session ?? scope.session
  if (talk === null) return null
  return talk === scope.session && scope.reach === 'subject' ? keys.sessionTag(talk) : saidSession(access, talk)
}

function namedBy({ scope }: Access, sessions: readonly (string | null)[]): string[] {
  return [...new Set([...sessions, scope.session])].filter((session) => session !== null)
}

function saidSession({ keys, claims }: Access, session: string): Buffer {
  return keys.keyedTag('said-session', canonicalBytes([session, claims.principal]))
}

function unboundReader({ keys, claims }: Access): Buffer {
  return keys.keyedTag('unbound-reader', claims.principal)
}

/** A name of its own: what a principal was shown tenant-wide is held against it also where it speaks in a session. */
function wideReader({ keys, claims }: Access): Buffer {
  return keys.keyedTag('wide-reader', claims.principal)
}

/** Something with a trust that is about to be shown. `common` or `shared`: it is no subject's own, so what is said of any may come from it. */
export interface Shown {
  readonly trust: Trust
  readonly common?: boolean
  readonly shared?: boolean
}

/**
 * Notes what trust these have, which are about to be shown: what their reader stores from now on without naming a source is
 * trusted no more than the least of them: on this shelf, or on any where that is common to all or was read tenant-wide. It writes only when that falls. When it
 * fails, they must not be shown.
 */
export async function noteRecalled(kernel: Kernel, access: Access, shown: readonly Shown[]): Promise<void> {
  await noteLowest(kernel, access, shownTo(access), shown)
  if (access.scope.reach !== 'subject') return
  const ofAll = shown.filter(({ common = false, shared = false }) => common || shared)
  await noteLowest(kernel, access, shownOfAll(access), ofAll, commonClaims(access))
}

/**
 * Notes what the gate refused as told in the sessions that it was to be said in, as what is held is: whoever says it knows it. Where it names sources, how they
 * are trusted was not looked up: as an outsider's.
 */
export async function noteRefused(kernel: Kernel, access: Access, inputs: readonly Said[]): Promise<void> {
  const talks = inputs.map(({ session }) => talkOf(access, session)).filter((talk) => talk !== null)
  const told = inputs.map((input) => ({
    trust: input.derivedFrom.length > 0 ? ('external' as const) : mostTrusted(input, kernel, access),
  }))
  await noteLowest(kernel, access, talks, told)
}

type Said = Pick<CheckedInput, 'session' | 'actor' | 'tool' | 'derivedFrom' | 'maxTrust'>

async function noteLowest(
  kernel: Kernel,
  access: Access,
  names: readonly Buffer[],
  shown: readonly Shown[],
  claims: Claims = access.claims,
): Promise<void> {
  const lowest = shown.reduce((low, { trust }) => Math.min(low, trusts.indexOf(trust)), trusts.length - 1)
  if (lowest === trusts.length - 1) return
  const shelf = `${claims.tenant.toString('hex')}/${claims.shelf.toString('hex')}`
  const unique = [...new Map(names.map((reader) => [reader.toString('hex'), reader])).values()]
  // In one order: two that note the same names at a time wait for one another, and not each for the other.
  const falling = unique
    .filter((reader) => kernel.notedTrust.isFall(`${shelf}/${reader.toString('hex')}`, lowest))
    .sort(Buffer.compare)
  if (falling.length === 0) return
  const [row] = await callRead<{ outcome: string }>(kernel, access, 'note_recalled', [falling, lowest], claims)
  expectOutcome(row?.outcome, 'ok')
  for (const reader of falling) kernel.notedTrust.set(`${shelf}/${reader.toString('hex')}`, lowest)
}
