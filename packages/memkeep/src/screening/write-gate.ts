import type { Actor } from '../core/labels.ts'
import { checkText } from '../core/text.ts'
import { type Beside, wordsBeside } from './beside.ts'
import type { DistilInput, Distillate, Distiller, Omitted } from './distiller.ts'
import { type ScreenPolicy, strongerVerdict } from './judge.ts'
import { asShown, builtInScreener, type Screened, screenAll } from './screen.ts'
import type { Screener } from './screener.ts'
import { unlessAborted } from './unless-aborted.ts'

export interface GateParts {
  /** Beside the built-in one. */
  readonly screeners: readonly Screener[]
  readonly distiller: Distiller
  readonly policy: ScreenPolicy
  /** Most bytes of UTF-8 that may be kept of a text. */
  readonly contentBytes: number
}

export interface GateInput extends Beside {
  readonly content: string
  readonly actor: Actor
  /** Whoever is said to speak; shown before the content, so it is screened with it. */
  readonly speaker?: string | null
}

export type GateDecision =
  /** Nothing of it becomes a memory; with `quarantine` it waits for a person. */
  | { readonly outcome: 'refuse' | 'quarantine'; readonly judgement: Screened }
  /** `kept` may stay for good; when something was omitted the whole text is an episode. `failed`: the distiller did, so that nothing is known of the text. */
  | {
      readonly outcome: 'pass'
      readonly judgement: Screened
      readonly kept: string | null
      readonly omitted: readonly Omitted[]
      readonly failed: boolean
    }

/**
 * What may become of one text: it is screened, and apart from it what stands beside it, which is not distilled; what a user or a tool wrote is distilled; what
 * came out is screened once more when it is not the text itself. A distiller that fails keeps nothing, and the decision says that it failed. Throws
 * `ERR_ABORTED` as soon as `signal` is aborted.
 */
export async function writeGate(input: GateInput, parts: GateParts, signal?: AbortSignal): Promise<GateDecision> {
  const decision = await gateContent(input, parts, signal)
  const aside = await screenBeside(input, input.actor, parts, signal)
  if (aside === null || strongerVerdict(aside.verdict, decision.judgement.verdict) === decision.judgement.verdict)
    return decision
  return { outcome: aside.verdict, judgement: aside }
}

/** The judgement by which what stands beside a content is not to be stored; null when there is none: names and fragments look odd by nature, so what would only be flagged is not. */
export async function screenBeside(
  beside: Beside,
  actor: Actor,
  { screeners, policy }: Pick<GateParts, 'screeners' | 'policy'>,
  signal?: AbortSignal,
): Promise<(Screened & { readonly verdict: 'refuse' | 'quarantine' }) | null> {
  let worst: (Screened & { readonly verdict: 'refuse' | 'quarantine' }) | null = null
  for (const content of wordsBeside(beside)) {
    const judgement = await screenAll(screeners, { content, actor, moment: 'gate' }, policy, signal)
    const { verdict } = judgement
    if (verdict === 'refuse' || (verdict === 'quarantine' && worst === null)) worst = { ...judgement, verdict }
  }
  return worst
}

async function gateContent(
  { content, actor, speaker = null }: GateInput,
  { screeners, distiller, policy, contentBytes }: GateParts,
  signal?: AbortSignal,
): Promise<GateDecision> {
  const input = { content: asShown(content, speaker), actor, moment: 'gate' } as const
  const own = builtInScreener.screen(input)
  const judgement = await screenAll(screeners, input, policy, signal, own)
  if (judgement.verdict === 'refuse' || judgement.verdict === 'quarantine')
    return { outcome: judgement.verdict, judgement }
  if (actor === 'agent' || actor === 'system')
    return { outcome: 'pass', judgement, kept: content, omitted: [], failed: false }
  const distillate = await distilled(distiller, { content, actor, score: own.score }, contentBytes, signal)
  if (distillate === null) {
    return { outcome: 'pass', judgement, kept: null, omitted: [{ text: content, why: 'other' }], failed: true }
  }
  const { kept, omitted } = distillate
  if (kept === null || kept === content) return { outcome: 'pass', judgement, kept, omitted, failed: false }
  const again = await screenAll(screeners, { ...input, content: asShown(kept, speaker) }, policy, signal)
  if (again.verdict === 'refuse' || again.verdict === 'quarantine') return { outcome: again.verdict, judgement: again }
  return { outcome: 'pass', judgement, kept, omitted, failed: false }
}

/** Null when it failed or answered what is no distillate. An abort is thrown on. */
async function distilled(
  distiller: Distiller,
  input: DistilInput,
  contentBytes: number,
  signal?: AbortSignal,
): Promise<Distillate | null> {
  try {
    return checked(await unlessAborted(() => distiller.distil(input, signal), signal), contentBytes)
  } catch (error) {
    if (signal?.aborted) throw error
    return null
  }
}

/** Throws for what is no distillate: foreign code made it. */
function checked(distillate: Distillate, contentBytes: number): Distillate {
  const { kept, omitted } = distillate
  if (kept !== null) checkText(kept, 'what was kept', contentBytes)
  if (!omitted.every(({ text }) => typeof text === 'string')) throw new TypeError('omitted')
  return distillate
}
