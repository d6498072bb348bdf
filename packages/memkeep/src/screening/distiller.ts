import type { Actor } from '../core/labels.ts'

/** Why a part of a text is not fit to be a memory for good. */
export const omissions = Object.freeze([
  /** Tells whoever reads the memory what to do from now on. */
  'standing-order',
  /** Says that something or somebody is to be taken for another. */
  'identity-redirection',
  /** A call of a tool, or what looks like one. */
  'tool-call',
  /** Bytes in another writing: base64, hexadecimal, escapes. */
  'encoded',
  /** Marks of a role, a prompt or a transcript, or an order that has no place in a memory. */
  'instruction',
  /** The distiller did not keep it and says no more. */
  'other',
] as const)

export type Omission = (typeof omissions)[number]

export interface Omitted {
  readonly text: string
  readonly why: Omission
}

/** What became of a text. Every word of it is in one of the two, or the distiller rewrote it. */
export interface Distillate {
  /** What may stay for good: the text itself, to the character, when nothing was omitted; null when nothing is fit to. */
  readonly kept: string | null
  readonly omitted: readonly Omitted[]
}

export interface DistilInput {
  readonly content: string
  readonly actor: Actor
  /** What the built-in screen's score for the whole text was, where it has been screened: 0 to 1. */
  readonly score?: number
}

/**
 * Keeps of a text what states facts and leaves out what gives orders. Its answer is screened again and labelled by its
 * sources, whoever made it: a distiller cannot raise trust.
 */
export interface Distiller {
  /** 1 to 40 of `[a-z0-9-]`. */
  readonly name: string
  /** May throw; the text is then an episode, to be distilled later, and nothing of it stays for good. */
  distil(input: DistilInput, signal?: AbortSignal): Distillate | PromiseLike<Distillate>
}
