import type { Verdict } from '../core/memory.ts'
import { findIn } from './finding.ts'
import { isRuleName, type Judgement, judge, type ScreenPolicy, strongerVerdict } from './judge.ts'
import { type Finding, families, type Reason, type Screener, type ScreenInput } from './screener.ts'
import { unlessAborted } from './unless-aborted.ts'

/** One that answers at once. */
export interface PromptScreener extends Screener {
  screen(input: ScreenInput): Finding
}

/** Rules and a small model that ship with Memkeep. Needs nothing and waits for nothing. */
export const builtInScreener: PromptScreener = Object.freeze({
  name: 'memkeep',
  screen: ({ content }: ScreenInput) => findIn(content),
})

/** What is screened of a memory: what evidence shows of it that somebody wrote. */
export function asShown(content: string, speaker: string | null): string {
  return speaker === null ? content : `${speaker}\n${content}`
}

/** A judgement, and whose it is. */
export interface Screened extends Judgement {
  /** What those made of it that answered; null when all did, and this is the verdict. */
  readonly heard: Verdict | null
}

/**
 * The judgement of the built-in screener and of those that were added, all asked at once: the highest score, and everybody's reasons.
 * One that fails counts as the policy's `onFailure`, with the reason `<name>/failed`; another's answer is heard all the same.
 * `own`: what the built-in one found, when it has been asked. Throws `ERR_ABORTED` as soon as `signal` is aborted.
 */
export async function screenAll(
  screeners: readonly Screener[],
  input: ScreenInput,
  policy: ScreenPolicy,
  signal?: AbortSignal,
  own: Finding = builtInScreener.screen(input),
): Promise<Screened> {
  if (screeners.length === 0) return { ...judge(own, policy), heard: null }
  const answers = await Promise.all(screeners.map((screener) => answerOf(screener, input, signal)))
  let hasFailed = false
  let score = own.score
  const reasons = [...own.reasons]
  for (const [at, answer] of answers.entries()) {
    if (answer === null) {
      hasFailed = true
      reasons.push({ rule: `${screeners[at]!.name}/failed`, family: null, weight: 0 })
      continue
    }
    score = Math.max(score, answer.score)
    reasons.push(...answer.reasons)
  }
  const judged = judge({ score, reasons: reasons.sort((a, b) => b.weight - a.weight) }, policy)
  if (!hasFailed) return { ...judged, heard: null }
  return { ...judged, verdict: strongerVerdict(policy.onFailure, judged.verdict), heard: judged.verdict }
}

/** Null when it failed or answered what is no finding. An abort is thrown on. */
async function answerOf(screener: Screener, input: ScreenInput, signal?: AbortSignal): Promise<Finding | null> {
  try {
    const { score, reasons } = await unlessAborted(() => screener.screen(input, signal), signal)
    if (!isShare(score) || !reasons.every(({ weight }) => isShare(weight))) return null
    return { score, reasons: reasons.map((reason) => named(screener.name, reason)) }
  } catch (error) {
    if (signal?.aborted) throw error
    return null
  }
}

/** What another screener calls a rule is kept when it is a name; anything else may hold the text. */
function named(screener: string, { rule, family, weight }: Reason): Reason {
  const name = `${screener}/${rule}`
  return {
    rule: isRuleName(name) ? name : `${screener}/unnamed`,
    family: families.find((known) => known === family) ?? null,
    weight,
  }
}

function isShare(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= 1
}
