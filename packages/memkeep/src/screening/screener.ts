import type { Actor } from '../core/labels.ts'

/** What an attack on a memory does: the families that the corpus, the rules and the table of the detector are ordered by. */
export const families = Object.freeze([
  'standing-order',
  'identity-redirection',
  'authority-claim',
  'exfiltration',
  'tool-driving',
  'role-forgery',
  'fabricated-precedent',
  'bridging-step',
  'override',
  'concealment',
  'delayed-trigger',
  'encoded-payload',
] as const)

export type Family = (typeof families)[number]

/** Why a text looks like an attack. Carries nothing of the text. */
export interface Reason {
  /** `standing-order/whoever-asks`, `model`; of another screener, with its name before it: `ai-sdk/exfiltration`. */
  readonly rule: string
  /** Null when the rule knows of no family. */
  readonly family: Family | null
  /** From 0 (says nothing) to 1 (certain). */
  readonly weight: number
}

/** What one screener found in one text: an opinion. What follows from it is the tenant's policy (`judge`). */
export interface Finding {
  /** How likely the text is an attack, from 0 to 1. */
  readonly score: number
  /** The heaviest first. */
  readonly reasons: readonly Reason[]
}

export interface ScreenInput {
  readonly content: string
  /** Who is said to have written it. */
  readonly actor: Actor
  /** Before it is stored, or when it was recalled. */
  readonly moment: 'gate' | 'recall'
}

/**
 * Looks at a text and says whether it looks like an attack on an agent's memory. It never changes the text, and never sees a
 * tenant's or a subject's name.
 */
export interface Screener {
  /** 1 to 40 of `[a-z0-9-]`; stands before the rules it names. */
  readonly name: string
  /** May throw: what then happens is the policy's `onFailure`. */
  screen(input: ScreenInput, signal?: AbortSignal): Finding | PromiseLike<Finding>
}
