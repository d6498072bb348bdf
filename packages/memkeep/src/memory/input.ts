import { MemkeepError } from '../core/errors.ts'
import { isUuid, uuidOrNil } from '../core/ids.ts'
import { type Actor, actors, type Sensitivity, sensitivities, type Trust, trusts } from '../core/labels.ts'
import type { Limits } from '../core/limits.ts'
import type { Json } from '../core/memory.ts'
import { checkId, checkText } from '../core/text.ts'

/** What `add` may be told beside the content. */
export interface AddOptions {
  /** Who authored it. Claiming an author needs the right for it. */
  readonly actor: Actor
  /** Default `private`. */
  readonly sensitivity?: Sensitivity
  /** A label of yours, stored in the clear: `[a-z][a-z0-9_-]{0,31}`. Default `note`. */
  readonly kind?: string
  readonly tags?: readonly string[]
  readonly metadata?: { readonly [key: string]: Json }
  readonly source?: string
  /** From 0 to 1, kept to the nearest hundredth for ranking; counts in searches that give importance a weight. */
  readonly importance?: number
  /** Name of the tool that said it, for the actor `tool`: one that the keep has registered may be trusted more. */
  readonly tool?: string
  /** Ids of the memories that this one was made from: it can never be trusted more than they are. */
  readonly derivedFrom?: readonly string[]
  /**
   * Id of the memory on the same shelf that this one takes the place of: a newer statement about the same thing. The older leaves recall and stays in
   * the history. Refused (`ERR_ACCESS_DENIED`) where it is trusted more, or is more sensitive.
   */
  readonly supersedes?: string
  /** When what it tells of happened. Default now. */
  readonly at?: Date
  /** Default: the scope's session. */
  readonly session?: string
  /** Never returned from this moment on. */
  readonly expiresAt?: Date
  /** Trusted no more than this, whatever its author, its sources and its session allow: what is brought in from elsewhere was not trusted more there. */
  readonly maxTrust?: Trust
}

export interface AddInput extends AddOptions {
  readonly content: string
}

/** One memory to store: checked, with every default filled in. Times in milliseconds. */
export interface CheckedInput {
  readonly content: string
  readonly actor: Actor
  readonly sensitivity: Sensitivity
  readonly kind: string
  readonly tags: readonly string[]
  readonly metadata: { readonly [key: string]: Json }
  readonly source: string | null
  readonly importance: number | null
  readonly tool: string | null
  readonly derivedFrom: readonly string[]
  readonly supersedes: string | null
  readonly atMs: number
  /** False when the time is the default, which differs from call to call. */
  readonly atGiven: boolean
  readonly session: string | null
  readonly speaker: string | null
  readonly expiresMs: number | null
  readonly maxTrust: Trust | null
}

/** Names of `AddOptions`. */
export const addOptionKeys: readonly string[] = [
  'actor',
  'sensitivity',
  'kind',
  'tags',
  'metadata',
  'source',
  'importance',
  'tool',
  'derivedFrom',
  'supersedes',
  'at',
  'session',
  'expiresAt',
  'maxTrust',
]

export function checkAdd(input: unknown, limits: Limits, nowMs: number, session: string | null): CheckedInput {
  const given = checkKeys<AddInput>(input, 'a memory', ['content', ...addOptionKeys])
  return {
    content: checkText(given.content, 'content', limits.contentBytes),
    actor: checkOneOf(given.actor, 'actor', actors),
    sensitivity:
      given.sensitivity === undefined ? 'private' : checkOneOf(given.sensitivity, 'sensitivity', sensitivities),
    kind: given.kind === undefined ? 'note' : checkKind(given.kind),
    tags: given.tags === undefined ? [] : checkTags(given.tags, limits),
    metadata: given.metadata === undefined ? {} : checkMetadata(given.metadata, limits),
    source: given.source === undefined ? null : checkText(given.source, 'source', limits.metadataBytes),
    importance: given.importance === undefined ? null : checkImportance(given.importance),
    tool: checkTool(given),
    derivedFrom: given.derivedFrom === undefined ? [] : checkSources(given.derivedFrom),
    supersedes: given.supersedes === undefined ? null : checkSuperseded(given),
    atMs: given.at === undefined ? nowMs : checkDate(given.at, 'at'),
    atGiven: given.at !== undefined,
    session: checkBound(given.session, session, 'session'),
    speaker: null,
    expiresMs: given.expiresAt === undefined ? null : checkExpiry(given.expiresAt, nowMs),
    maxTrust: given.maxTrust === undefined ? null : checkOneOf(given.maxTrust, 'maxTrust', trusts),
  }
}

/** What ends by itself would take the older statement with it. */
function checkSuperseded({ supersedes, expiresAt }: Partial<AddInput>): string {
  if (!isUuid(supersedes)) throw new MemkeepError('ERR_INPUT_INVALID', 'supersedes must be the id of a memory')
  if (expiresAt !== undefined) throw new MemkeepError('ERR_INPUT_INVALID', 'what expires supersedes nothing')
  return supersedes
}

function checkTool({ tool, actor }: Partial<AddInput>): string | null {
  if (tool === undefined) return null
  if (actor !== 'tool') throw new MemkeepError('ERR_INPUT_INVALID', 'only the actor tool names a tool')
  return checkId(tool, 'tool', 'ERR_INPUT_INVALID')
}

/** A plain object with no key but these: a misspelt option must not be silently ignored. */
export function checkKeys<T>(value: unknown, what: string, allowed: readonly string[]): Partial<T> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new MemkeepError('ERR_INPUT_INVALID', `${what} must be an object`)
  }
  for (const key of Object.keys(value)) {
    if (!allowed.includes(key)) throw new MemkeepError('ERR_INPUT_INVALID', `${what} has an unknown option`)
  }
  return value as Partial<T>
}

export function checkOneOf<T extends string>(value: unknown, what: string, allowed: readonly T[]): T {
  if (!allowed.includes(value as T)) {
    throw new MemkeepError('ERR_INPUT_INVALID', `${what} must be one of: ${allowed.join(', ')}`)
  }
  return value as T
}

export function checkBoolean(value: unknown, what: string): boolean {
  if (typeof value !== 'boolean') throw new MemkeepError('ERR_INPUT_INVALID', `${what} must be true or false`)
  return value
}

export function checkTrust(value: unknown): Trust {
  return checkOneOf(value, 'minTrust', trusts)
}

export function checkKind(value: unknown): string {
  if (typeof value !== 'string' || !/^[a-z][a-z0-9_-]{0,31}$/.test(value)) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'kind must match [a-z][a-z0-9_-]{0,31}')
  }
  return value
}

export function checkTags(value: unknown, limits: Limits): readonly string[] {
  const tags = checkArray(value, 'tags', limits.tags)
  return [...new Set(tags.map((tag) => checkTag(tag, limits)))]
}

function checkTag(value: unknown, limits: Limits): string {
  const tag = checkText(value, 'a tag', 4 * limits.tagChars)
  if ([...tag].length > limits.tagChars) {
    throw new MemkeepError('ERR_INPUT_TOO_LARGE', `a tag is longer than ${limits.tagChars} characters`)
  }
  return tag
}

export function checkKinds(value: unknown): readonly string[] {
  return checkArray(value, 'kinds', 32).map(checkKind)
}

export function checkSensitivities(value: unknown): readonly Sensitivity[] {
  return checkArray(value, 'sensitivity', sensitivities.length).map((each) =>
    checkOneOf(each, 'sensitivity', sensitivities),
  )
}

export function checkMetadata(value: unknown, limits: Limits): { readonly [key: string]: Json } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'metadata must be an object')
  }
  checkJson(value, 0)
  const text = JSON.stringify(value)
  if (Buffer.byteLength(text, 'utf8') > limits.metadataBytes) {
    throw new MemkeepError('ERR_INPUT_TOO_LARGE', `metadata is larger than ${limits.metadataBytes} bytes`)
  }
  return JSON.parse(text)
}

/** Throws for whatever JSON would drop, change or loop on: nothing is silently altered. */
function checkJson(value: unknown, depth: number): void {
  if (depth > 32) throw new MemkeepError('ERR_INPUT_INVALID', 'metadata is nested deeper than 32')
  if (value === null || typeof value === 'boolean') return
  if (typeof value === 'number' && Number.isFinite(value) && !Object.is(value, -0)) return
  if (typeof value === 'string' && value.isWellFormed() && !value.includes('\u0000')) return
  const isList = Array.isArray(value)
  // Beside its items an array has its length alone, and no object has a symbol or a hidden property: JSON would drop them.
  const written = typeof value === 'object' ? Object.keys(value).length + (isList ? 1 : 0) : 0
  if (typeof value === 'object' && Reflect.ownKeys(value).length !== written) throw notJson()
  if (isList) {
    if (Object.keys(value).length !== value.length) throw notJson()
    for (const item of value) checkJson(item, depth + 1)
    return
  }
  const prototype = typeof value === 'object' ? Object.getPrototypeOf(value) : undefined
  if (prototype !== Object.prototype && prototype !== null) {
    throw notJson()
  }
  for (const [key, item] of Object.entries(value as object)) {
    checkJson(key, depth + 1)
    checkJson(item, depth + 1)
  }
}

function notJson(): MemkeepError {
  return new MemkeepError('ERR_INPUT_INVALID', 'metadata holds what JSON cannot carry')
}

export function checkSources(value: unknown, most = 64): readonly string[] {
  const sources = checkArray(value, 'derivedFrom', most)
  if (!sources.every(isUuid)) throw new MemkeepError('ERR_INPUT_INVALID', 'derivedFrom must hold ids of memories')
  return [...new Set(sources as string[])]
}

export function checkImportance(value: unknown): number {
  if (typeof value !== 'number' || !(value >= 0 && value <= 1)) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'importance must be a number from 0 to 1')
  }
  return value
}

export function checkArray(value: unknown, what: string, most: number): readonly unknown[] {
  if (!Array.isArray(value)) throw new MemkeepError('ERR_INPUT_INVALID', `${what} must be an array`)
  if (value.length > most) throw new MemkeepError('ERR_INPUT_TOO_LARGE', `${what} are more than ${most}`)
  return Array.from(value)
}

export function checkDate(value: unknown, what: string): number {
  if (!(value instanceof Date) || Number.isNaN(value.getTime())) {
    throw new MemkeepError('ERR_INPUT_INVALID', `${what} must be a valid Date`)
  }
  return checkMoment(value.getTime(), what)
}

const earliestMs = Date.parse('0001-01-01T00:00:00.000Z')
const latestMs = Date.parse('9999-12-31T23:59:59.999Z')

/** A year has four digits: what reads dates by RFC 3339 or JSON Schema refuses a whole answer for one that has more. */
export function checkMoment(ms: number, what: string): number {
  if (ms >= earliestMs && ms <= latestMs) return ms
  throw new MemkeepError('ERR_INPUT_INVALID', `${what} must be in the years 1 to 9999, in UTC`)
}

export function checkExpiry(value: unknown, nowMs: number): number {
  const expiresMs = checkDate(value, 'expiresAt')
  if (expiresMs <= nowMs) throw new MemkeepError('ERR_INPUT_INVALID', 'expiresAt has passed')
  return expiresMs
}

/** An agent or a session: the scope's own where it names one, and then no other can be asked for. */
export function checkBound(value: unknown, scopes: string | null, what: 'agent' | 'session'): string | null {
  if (value === undefined) return scopes
  const asked = checkId(value, what, 'ERR_INPUT_INVALID')
  if (scopes !== null && asked !== scopes)
    throw new MemkeepError('ERR_ACCESS_DENIED', `the scope is bound to another ${what}`)
  return asked
}

export function checkIdempotencyKey(value: unknown): string | null {
  return value === undefined ? null : checkId(value, 'idempotencyKey', 'ERR_INPUT_INVALID')
}

/** A whole number from 1 to the limit; the default when absent. */
export function checkLimit(value: unknown, most: number, fallback: number): number {
  if (value === undefined) return Math.min(fallback, most)
  if (!Number.isInteger(value) || (value as number) < 1) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'limit must be a whole number from 1')
  }
  if ((value as number) > most) throw new MemkeepError('ERR_INPUT_TOO_LARGE', `limit is more than ${most}`)
  return value as number
}

/** An id as `uuidOrNil` asks for it. */
export function lookupId(value: unknown): string {
  if (typeof value !== 'string') throw new MemkeepError('ERR_INPUT_INVALID', 'id must be a string')
  return uuidOrNil(value)
}

export function checkSignal(signal: AbortSignal | undefined): void {
  if (signal === undefined) return
  if (!(signal instanceof AbortSignal)) throw new MemkeepError('ERR_INPUT_INVALID', 'signal must be an AbortSignal')
  if (signal.aborted) throw new MemkeepError('ERR_ABORTED', 'the call was aborted')
}
