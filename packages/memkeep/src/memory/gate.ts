import { MemkeepError } from '../core/errors.ts'
import { ceilingOf, lowerTrust, type Trust } from '../core/labels.ts'
import type { Beside } from '../screening/beside.ts'
import type { Judgement } from '../screening/judge.ts'
import type { Screened } from '../screening/screen.ts'
import { screenAll } from '../screening/screen.ts'
import { type GateDecision, screenBeside, writeGate } from '../screening/write-gate.ts'
import { type Access, callRead } from './access.ts'
import type { CheckedInput } from './input.ts'
import type { Kernel } from './kernel.ts'
import { expectOutcome } from './outcome.ts'

/** Where an input goes: a memory, an episode (for a while), or held for review. The codes are those of the doorway `remember`. */
export const places = Object.freeze({ memory: 0, episode: 1, held: 2 })

export type Place = keyof typeof places

/** An input that passed the gate. */
export interface Placed extends CheckedInput {
  readonly place: Place
  readonly trust: Trust
  readonly judgement: Screened
}

/** Episodes and turns drive nothing, whatever their author is trusted otherwise: nor does a turn that is held first. */
const mostOfEpisode: Trust = 'user'

/**
 * Decides what becomes of each input, or null when one of them is refused. What a user or a tool says stays for good when the distiller keeps all of it; else
 * it is an episode. Turns of a transcript are episodes, to be distilled by upkeep, but for those of the system.
 */
export async function gate(
  kernel: Kernel,
  access: Access,
  inputs: readonly CheckedInput[],
  isTranscript: boolean,
  signal: AbortSignal | undefined,
): Promise<Placed[] | null> {
  const { screeners, distiller, episodeMs } = kernel.screening
  const parts = { screeners, distiller, policy: access.screening, contentBytes: kernel.limits.contentBytes }
  const nowMs = kernel.seams.clock.now()
  const placed: Placed[] = []
  for (const input of inputs) {
    const decision = await writeGate(input, parts, signal)
    if (decision.outcome === 'refuse') return null
    const { judgement } = decision
    const place = placeOf(decision, input, isTranscript)
    const ceiling = mostTrusted(input, kernel, access)
    const isTurn = isTranscript && input.actor !== 'system'
    placed.push({
      ...input,
      place,
      judgement,
      trust: place === 'episode' || isTurn ? lowerTrust(ceiling, mostOfEpisode) : ceiling,
      expiresMs:
        place === 'episode'
          ? Math.min(input.expiresMs ?? Number.POSITIVE_INFINITY, nowMs + episodeMs)
          : input.expiresMs,
    })
  }
  return placed
}

/** The most that an input may be trusted, for its author and by what was asked. */
export function mostTrusted(
  input: Pick<CheckedInput, 'actor' | 'tool' | 'maxTrust'>,
  kernel: Kernel,
  access: Access,
): Trust {
  const ceiling = ceilingOf(input.actor, input.tool, kernel.tools, access.scope.principal)
  return input.maxTrust === null ? ceiling : lowerTrust(ceiling, input.maxTrust)
}

function placeOf(decision: GateDecision, { content, actor }: CheckedInput, isTranscript: boolean): Place {
  if (decision.outcome !== 'pass') return 'held'
  if (actor === 'system') return 'memory'
  return isTranscript || decision.kept !== content ? 'episode' : 'memory'
}

/** What a memory carries of its judgement: the rules it met, where it was flagged. */
export function flagsOf({ verdict, reasons }: Judgement): string[] {
  return verdict === 'allow' ? [] : [...new Set(reasons.map(({ rule }) => rule))].slice(0, 16)
}

/** The gate takes nothing of a write: that is in the ledger, and no more of it. Throws `ERR_CONTENT_REFUSED`. */
export async function refuseContent(kernel: Kernel, access: Access, number: number): Promise<never> {
  const [row] = await callRead<{ outcome: string }>(kernel, access, 'refuse', [number])
  expectOutcome(row?.outcome, 'ok')
  throw new MemkeepError('ERR_CONTENT_REFUSED', 'the screening policy refuses this content')
}

/** What is made to be read as a memory is, and cannot be held for review: what would be held is refused, beside it too. Throws `ERR_CONTENT_REFUSED`. */
export async function screenMade(kernel: Kernel, access: Access, content: string, beside: Beside = {}): Promise<void> {
  const parts = { screeners: kernel.screening.screeners, policy: access.screening }
  const { verdict } = await screenAll(parts.screeners, { content, actor: 'agent', moment: 'gate' }, parts.policy)
  const isHeld = verdict === 'quarantine' || verdict === 'refuse'
  if (isHeld || (await screenBeside(beside, 'agent', parts)) !== null) await refuseContent(kernel, access, 1)
}
