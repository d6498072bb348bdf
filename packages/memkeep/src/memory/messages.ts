import { MemkeepError } from '../core/errors.ts'
import type { Actor, Trust } from '../core/labels.ts'
import type { Limits } from '../core/limits.ts'
import { checkId } from '../core/text.ts'
import { type CheckedInput, checkAdd, checkArray, checkKeys, checkMoment, checkOneOf } from './input.ts'

export type MessageRole = 'user' | 'assistant' | 'system' | 'tool'

/** One turn of a talk, in the OpenAI message shape. */
export interface MessageInput {
  readonly role: MessageRole
  readonly content: string
  /** Default: now, a millisecond after the turn before it. */
  readonly at?: Date
  /** Who spoke. */
  readonly name?: string
  /** Where the turn came from, in your words. */
  readonly source?: string
  /** The turn ends at this moment, where it would not before. */
  readonly expiresAt?: Date
  /** Trusted no more than this, whatever its author and the talk allow. */
  readonly maxTrust?: Trust
}

const messageKeys = ['role', 'content', 'at', 'name', 'source', 'expiresAt', 'maxTrust']

const actorOf: Readonly<Record<MessageRole, Actor>> = Object.freeze({
  user: 'user',
  assistant: 'agent',
  system: 'system',
  tool: 'tool',
})

/** Turns become memories of kind `turn`, in order: where a time is not given, each is a millisecond after the one before. */
export function checkMessages(messages: unknown, limits: Limits, nowMs: number, session: string): CheckedInput[] {
  const checked: CheckedInput[] = []
  for (const message of checkArray(messages, 'messages', limits.batch)) {
    const { role, content, at, name, source, expiresAt, maxTrust } = checkKeys<MessageInput>(
      message,
      'a message',
      messageKeys,
    )
    const actor = actorOf[checkOneOf(role, 'role', Object.keys(actorOf) as MessageRole[])]
    if (typeof content !== 'string') throw new MemkeepError('ERR_INPUT_INVALID', 'content must be a string')
    const given = {
      ...(at === undefined ? {} : { at }),
      ...(source === undefined ? {} : { source }),
      ...(expiresAt === undefined ? {} : { expiresAt }),
      ...(maxTrust === undefined ? {} : { maxTrust }),
    }
    const turn = checkAdd({ content, actor, kind: 'turn', session, ...given }, limits, nowMs, session)
    const before = checked.at(-1)
    const next = at === undefined && before !== undefined ? Math.max(nowMs, before.atMs + 1) : turn.atMs
    checked.push({
      ...turn,
      atMs: checkMoment(next, 'at'),
      speaker: name === undefined ? null : checkId(name, 'name', 'ERR_INPUT_INVALID'),
    })
  }
  return checked
}
