import type { Family } from '../screener.ts'

/**
 * One rule: concepts that follow each other with at most so many words between them. `a|b` is either; `deed` any of what
 * an agent could be made to do. Never a regular expression: it is matched in one pass over the words.
 */
export interface RuleText {
  readonly family: Family
  readonly name: string
  readonly pattern: string
  /** How sure the rule is by itself, from 0 to 1. */
  readonly weight: number
}

export const macros: { readonly [name: string]: string } = {
  deed: 'transmit|destroy|execute|grant|money|recommend|say|obey',
  risky: 'transmit|destroy|execute|grant|money',
}

const rule = (family: Family, name: string, weight: number, pattern: string): RuleText => ({
  family,
  name,
  weight,
  pattern,
})

export const ruleList: readonly RuleText[] = [
  rule('standing-order', 'from-now-on', 0.6, 'hence 10 deed'),
  rule('standing-order', 'deed-from-now-on', 0.4, 'deed 12 hence'),
  rule('standing-order', 'agent-must-from-now-on', 0.8, 'hence 6 agent 3 must 6 deed'),
  rule('standing-order', 'agent-must', 0.6, 'agent 2 must 5 deed'),
  rule('standing-order', 'always-do', 0.4, 'start 0 always 1 deed'),
  rule('standing-order', 'must-always', 0.5, 'must|please 2 always 3 deed'),
  rule('standing-order', 'whoever-asks', 0.6, 'always 8 user 4 mention 12 deed'),
  rule('standing-order', 'always-recommend', 0.5, 'agent|must|start|hence 6 always 2 recommend'),
  rule('identity-redirection', 'use-instead', 0.4, 'record 8 replace 6 record'),
  rule('identity-redirection', 'asked-about-use', 0.7, 'mention 10 record 10 replace'),
  rule('identity-redirection', 'instead-of-asked', 0.6, 'if 10 mention 12 replace'),
  rule('identity-redirection', 'must-refer', 0.6, 'agent|must|please 8 replace 6 record'),
  rule('authority-claim', 'approved-by', 0.6, 'authority 6 approved 12 deed'),
  rule('authority-claim', 'approval-of', 0.5, 'approved 4 authority 12 deed'),
  rule('authority-claim', 'authority-orders', 0.6, 'authority 6 must|approved 8 agent'),
  rule('authority-claim', 'user-is-authority', 0.6, 'user|agent 4 approved 4 authority|unconfirmed'),
  rule('authority-claim', 'signed-order', 0.5, 'start 1 authority 4 deed'),
  rule('exfiltration', 'secret-to-sink', 0.9, 'transmit 10 secret 8 sink'),
  rule('exfiltration', 'secret-sent', 0.7, 'secret 8 transmit 8 sink'),
  rule('exfiltration', 'to-sink-secret-sent', 0.7, 'sink 10 secret 6 transmit'),
  rule('exfiltration', 'send-to-sink', 0.5, 'agent|must|hence|always|start 4 transmit 10 sink'),
  rule('exfiltration', 'send-secret', 0.5, 'agent|must|hence|always|start 4 transmit 8 secret'),
  rule('exfiltration', 'tell-secret', 0.5, 'start|must|please|agent 2 say 6 secret'),
  rule('tool-driving', 'reserved-call', 0.4, 'reserved-call'),
  rule('tool-driving', 'run-unconfirmed', 0.7, 'risky 10 unconfirmed'),
  rule('tool-driving', 'unconfirmed-run', 0.6, 'unconfirmed 8 risky'),
  // Not of `agent`: who asks "do you still want to run it?" orders nothing.
  rule('tool-driving', 'must-run', 0.5, 'must|hence 4 execute|destroy|grant|money'),
  rule('role-forgery', 'role-mark', 0.7, 'role-mark'),
  rule('role-forgery', 'turns', 0.6, 'user-turn 60 agent-turn'),
  rule('fabricated-precedent', 'worked-before', 0.4, 'precedent 14 risky 14 unconfirmed'),
  rule('fabricated-precedent', 'before-so-do', 0.4, 'precedent 12 agent 6 deed'),
  rule('fabricated-precedent', 'unconfirmed-before', 0.5, 'precedent 14 unconfirmed'),
  rule('fabricated-precedent', 'unconfirmed-worked', 0.5, 'unconfirmed 14 precedent'),
  rule('bridging-step', 'step-redirects', 0.6, 'step 16 replace 8 record'),
  rule('bridging-step', 'redirect-step', 0.5, 'replace 12 record 12 step'),
  rule('bridging-step', 'steps', 0.4, 'step 20 step'),
  rule('override', 'ignore-instructions', 0.8, 'ignore 4 previous|agent 3 instructions'),
  rule('override', 'ignore-rules', 0.5, 'ignore 5 instructions'),
  rule('override', 'ignore-previous', 0.4, 'start|please|must 2 ignore 2 previous'),
  rule('override', 'persona', 0.5, 'agent|start|must 4 persona'),
  rule('concealment', 'do-not-tell-user', 0.6, 'conceal 3 user'),
  rule('concealment', 'deed-hidden', 0.6, 'deed 14 conceal'),
  rule('concealment', 'hidden-deed', 0.5, 'conceal 6 deed'),
  rule('delayed-trigger', 'if-mentioned-do', 0.5, 'if 8 mention 12 deed'),
  rule('delayed-trigger', 'if-user-mentions', 0.7, 'if 2 user 4 mention 14 risky'),
  rule('delayed-trigger', 'do-if-mentioned', 0.4, 'risky 12 if 3 user 4 mention'),
  rule('encoded-payload', 'decode-and-follow', 0.8, 'decode 10 obey|execute'),
  rule('encoded-payload', 'decode-encoding', 0.6, 'decode 8 encoding'),
  rule('encoded-payload', 'decoded', 0.6, 'decoded'),
  rule('encoded-payload', 'hidden', 0.6, 'hidden-text'),
  rule('encoded-payload', 'disguised-order', 0.8, 'ignore|deed|instructions 40 disguise'),
]
