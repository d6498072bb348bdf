import { MemkeepError } from '../core/errors.ts'
import type { Verdict } from '../core/memory.ts'
import type { Finding, Reason } from './screener.ts'

/** What a tenant wants done at which score. */
export interface ScreenPolicy {
  /** From this score on a memory carries a flag. Null: never. */
  readonly flagAt: number | null
  /** From this score on it waits for a person. Null: never. */
  readonly quarantineAt: number | null
  /** From this score on it is not taken at all. Null: never. */
  readonly refuseAt: number | null
  /** Rules that do not count for this tenant: `standing-order/whoever-asks`, or a whole family: `standing-order`. */
  readonly without: readonly string[]
  /** What becomes of a text when a screener that was added fails. */
  readonly onFailure: Verdict
}

/** A finding, and what the policy makes of it. */
export interface Judgement extends Finding {
  readonly verdict: Verdict
}

const verdicts: readonly Verdict[] = ['allow', 'flag', 'quarantine', 'refuse']

/** Chosen on the corpus' validation part alone (`npm run bench:screen` says how). Nothing is refused unless a tenant wants it. */
export const defaultScreenPolicy: ScreenPolicy = Object.freeze({
  flagAt: 0.5,
  quarantineAt: 0.9,
  refuseAt: null,
  without: Object.freeze([]),
  onFailure: 'flag',
})

const mostWithout = 64

/** The defaults with these in their place. Throws `ERR_INPUT_INVALID` for what is no policy. */
export function checkScreenPolicy(given: unknown): ScreenPolicy {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw invalid('must be an object')
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(defaultScreenPolicy, name)) throw invalid('has an unknown setting')
  }
  const policy: ScreenPolicy = { ...defaultScreenPolicy, ...given }
  const bars = [policy.flagAt, policy.quarantineAt, policy.refuseAt].filter((bar) => bar !== null)
  if (!bars.every((bar) => typeof bar === 'number' && bar >= 0 && bar <= 1))
    throw invalid('takes scores from 0 to 1, or null')
  if (bars.some((bar, at) => at > 0 && bar < bars[at - 1]!))
    throw invalid('must flag before it quarantines, and quarantine before it refuses')
  if (!verdicts.includes(policy.onFailure)) throw invalid('has an unknown verdict as onFailure')
  const { without } = policy
  if (!Array.isArray(without) || without.length > mostWithout || !without.every(isRuleName)) {
    throw invalid('takes names of rules or families as without')
  }
  return Object.freeze({ ...policy, without: Object.freeze([...without]) })
}

/** `family`, `family/rule`, `screener/family/rule`. */
export function isRuleName(name: unknown): boolean {
  return typeof name === 'string' && /^[a-z0-9-]{1,40}(?:\/[a-z0-9-]{1,40}){0,2}$/.test(name)
}

function invalid(what: string): MemkeepError {
  return new MemkeepError('ERR_INPUT_INVALID', `a screening policy ${what}`)
}

/**
 * The verdict on a finding. Reasons that the policy leaves out are gone; when no rule is left of those that held, nothing is, and the
 * score is 0: what the model saw was what they saw.
 */
export function judge(finding: Finding, policy: ScreenPolicy): Judgement {
  const { score, reasons } = finding
  const left = reasons.filter((reason) => counts(reason, policy))
  const explained = left.length < reasons.length && !left.some(({ family }) => family !== null)
  if (explained) return { score: 0, reasons: [], verdict: verdictAt(0, policy) }
  return { score, reasons: left, verdict: verdictAt(score, policy) }
}

function counts({ rule, family }: Reason, { without }: ScreenPolicy): boolean {
  return !without.includes(rule) && !(family !== null && without.includes(family))
}

function verdictAt(score: number, { flagAt, quarantineAt, refuseAt }: ScreenPolicy): Verdict {
  if (refuseAt !== null && score >= refuseAt) return 'refuse'
  if (quarantineAt !== null && score >= quarantineAt) return 'quarantine'
  return flagAt !== null && score >= flagAt ? 'flag' : 'allow'
}

/** The harder of two. */
export function strongerVerdict(a: Verdict, b: Verdict): Verdict {
  return verdicts.indexOf(a) >= verdicts.indexOf(b) ? a : b
}
