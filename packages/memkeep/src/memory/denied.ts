import { MemkeepError } from '../core/errors.ts'
import type { ScopeClaims } from '../core/scope.ts'
import { type Access, hasRight, readDetail, withAccess } from './access.ts'
import type { Kernel } from './kernel.ts'
import { expectOutcome } from './outcome.ts'

/** What a door may refuse before it asks the kernel. */
export type DoorAct = keyof typeof doorActs

/** The doorway of each, and by how many arguments its detail is preceded. */
const doorActs = {
  'token.mint': ['mint_key', 5],
  'erasure.requested': ['request_erasure', 9],
} as const

/**
 * What `check` answers. What it denies (`ERR_ACCESS_DENIED`) is an event as what a doorway denies is; of its other errors there is none. Throws what it
 * threw.
 */
export async function checkedOrDenied<T>(
  kernel: Kernel,
  scope: ScopeClaims,
  check: () => T,
  ask: (access: Access) => Promise<unknown>,
): Promise<T> {
  try {
    return check()
  } catch (error) {
    if (isDenial(error)) await noteDenied(kernel, scope, ask)
    throw error
  }
}

/**
 * Records what this process denies by itself: the act's own doorway is asked, by a token that states none of the rights which the principal
 * may well have. It denies it, and that is the event.
 */
export async function noteDenied(
  kernel: Kernel,
  scope: ScopeClaims,
  ask: (access: Access) => Promise<unknown>,
): Promise<void> {
  try {
    await withAccess(kernel, scope, (access) => ask({ ...access, claims: { ...access.claims, rights: 0 } }))
  } catch (error) {
    if (!isDenial(error)) throw error
  }
}

/** As `noteDenied`, of what a door denied. */
export async function noteDeniedAct(kernel: Kernel, scope: ScopeClaims, act: DoorAct): Promise<void> {
  if (!Object.hasOwn(doorActs, act)) throw new MemkeepError('ERR_INPUT_INVALID', 'no door denies such an act')
  const [doorway, places] = doorActs[act]
  await noteDenied(kernel, scope, (access) => askInVain(kernel, access, doorway, new Array(places).fill(null)))
}

/** Lets a doorway deny and record what the principal may not do: it looks at the rights before anything that is asked for. */
export async function askInVain(
  kernel: Kernel,
  access: Access,
  doorway: string,
  args: readonly unknown[],
): Promise<never> {
  const atMs = kernel.seams.clock.now()
  const event = kernel.seams.ids.uuid(atMs)
  const all = [...args, await readDetail(access, event)]
  const rows = await kernel.doorways.call<{ outcome: string }>({
    doorway,
    claims: access.claims,
    event,
    atMs,
    args: all,
  })
  if (rows !== 'committed') expectOutcome(rows[0]?.outcome)
  throw new MemkeepError('ERR_ACCESS_DENIED', 'the principal may not do this')
}

/**
 * Of an act that begins with others, a look at what it is about say: who lacks the rights for all of it is denied what was asked for, before any of them
 * is denied by itself.
 */
export async function expectRight(
  kernel: Kernel,
  access: Access,
  right: number,
  doorway: string,
  args: readonly unknown[],
): Promise<void> {
  if (hasRight(access, right)) return
  await askInVain(kernel, { ...access, claims: { ...access.claims, rights: 0 } }, doorway, args)
}

export function isDenial(error: unknown): boolean {
  return error instanceof MemkeepError && error.code === 'ERR_ACCESS_DENIED'
}
