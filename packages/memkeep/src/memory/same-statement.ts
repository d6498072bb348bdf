import type { DataKey } from '../keys/data-key.ts'
import type { Access } from './access.ts'
import { askedOf } from './asked.ts'
import type { Placed } from './gate.ts'
import type { CheckedInput } from './input.ts'

/** Inputs of a batch without those that say what an earlier one says. */
export interface Statements<Each> {
  readonly first: readonly Each[]
  /** For each input, the place in `first` of the one that stands for it. */
  readonly placeOf: readonly number[]
  /** For each of `first`, the digest by which the database knows the same statement; null: it is looked at by itself. */
  readonly same: readonly (Buffer | null)[]
}

/**
 * Finds statements that are made again: what a user or a tool says, that stays for good, came from no memory and takes no other's place. Two are
 * the same when all that was said is, sensitivity, author, agent, session, kind, tags and the rest included, and the content
 * but for case, white space and the form of its characters. The digest is under the key of the subject: nobody can compare without it, and a
 * statement of before that key was renewed is not known any more.
 */
export function statementsOf<Each extends { readonly input: Placed; readonly asked: CheckedInput }>(
  access: Access,
  key: DataKey,
  all: readonly Each[],
): Statements<Each> {
  const [first, same, placeOf]: [Each[], (Buffer | null)[], number[]] = [[], [], []]
  const places = new Map<string, number>()
  for (const each of all) {
    const digest = isStatement(each.input) ? digestOf(access, key, each.asked) : null
    const known = digest === null ? undefined : places.get(digest.toString('hex'))
    placeOf.push(known ?? first.length)
    if (known !== undefined) continue
    if (digest !== null) places.set(digest.toString('hex'), first.length)
    first.push(each)
    same.push(digest)
  }
  return { first, placeOf, same }
}

function isStatement({ place, actor, derivedFrom, expiresMs, supersedes }: Placed): boolean {
  const isSaid = actor === 'user' || actor === 'tool'
  return isSaid && place === 'memory' && derivedFrom.length === 0 && expiresMs === null && supersedes === null
}

function digestOf(access: Access, key: DataKey, asked: CheckedInput): Buffer {
  const content = asked.content.normalize('NFC').replace(/\s+/gu, ' ').trim()
  return key.digestOf(['statement', askedOf(access, { ...asked, content })])
}
