import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { doors, ThreeDoors } from './three-doors.ts'

let keep: ThreeDoors
beforeAll(async () => {
  keep = await ThreeDoors.open()
})
afterAll(() => keep?.[Symbol.asyncDispose]())

const kiB = 1024
const rocket = '\u{1f680}'
let count = 0
const fresh = () => `subject ${++count}`
const invalid = { code: 'ERR_INPUT_INVALID' }
const tooLarge = { code: 'ERR_INPUT_TOO_LARGE' }
const taken = { got: expect.anything() }

/** What a memory may hold, as it must come back; and what is refused, with the code of the refusal. */
const exact: [string, object][] = [
  ['32 KiB of content', { content: 'x'.repeat(32 * kiB) }],
  ['32 KiB of content in two-byte characters', { content: 'é'.repeat(16 * kiB) }],
  ['8 KiB of metadata', { metadata: { a: 'x'.repeat(8 * kiB - 8) } }],
  ['32 tags', { tags: Array.from({ length: 32 }, (_, n) => `t${n}`) }],
  ['a tag of 128 characters beyond the first plane', { tags: [rocket.repeat(128)] }],
  ['composed and decomposed', { content: 'caf\u00e9 cafe\u0301', tags: ['\u00e9', 'e\u0301'], session: 'e\u0301' }],
  ['direction marks, zero width, a byte order mark', { content: '\ufeff\u202eabc\u200b\u2066x' }],
  ['line ends and control characters', { content: ' a\r\nb\u2028\u0001\u007f\u0085\t ' }],
  ['SQL, JSON, mark-up', { content: `'; drop table memory; -- {"a":1} <script>\\u0000`, session: '%_*' }],
  ['a session that reads like a path', { session: '../%2e%2e/*' }],
  ['numbers at their edges', { metadata: { a: 2 ** 53 - 1, b: -(2 ** 53) + 1, c: 1e21, d: 0.1, e: -0.5 } }],
  ['nesting of 32', { metadata: nested(31) }],
  ['the first moment of all', { at: '0001-01-01T00:00:00.000Z' }],
  ['the last moment of all', { at: '9999-12-31T23:59:59.999Z' }],
]
const refused: [string, object, { code: string }][] = [
  ['32 KiB of content and a byte', { content: 'x'.repeat(32 * kiB + 1) }, tooLarge],
  ['32 KiB of content and a byte, in two-byte characters', { content: `${'é'.repeat(16 * kiB)}x` }, tooLarge],
  ['1 MiB of content', { content: 'x'.repeat(kiB * kiB) }, tooLarge],
  ['8 KiB of metadata and a byte', { metadata: { a: 'x'.repeat(8 * kiB - 7) } }, tooLarge],
  ['33 tags', { tags: Array.from({ length: 33 }, (_, n) => `t${n}`) }, tooLarge],
  ['a tag of 129 characters', { tags: [rocket.repeat(129)] }, tooLarge],
  ['empty content', { content: '' }, invalid],
  ['white space', { content: ' \n\t\u00a0\u2003' }, invalid],
  ['NUL in content', { content: 'a\u0000b' }, invalid],
  ['NUL in a tag', { tags: ['\u0000'] }, invalid],
  ['NUL in metadata', { metadata: { a: ['\u0000'] } }, invalid],
  ['NUL in a key of metadata', { metadata: { 'a\u0000': 1 } }, invalid],
  ['NUL in a session', { session: 'a\u0000' }, invalid],
  ['a lone surrogate in content', { content: 'a\ud800' }, invalid],
  ['a lone surrogate in a tag', { tags: ['\udfff'] }, invalid],
  ['a lone surrogate in metadata', { metadata: { a: '\ud800x' } }, invalid],
  ['a session with a line break', { session: 'a\nb' }, invalid],
  ['a session of 201 characters', { session: rocket.repeat(201) }, invalid],
  ['an empty session', { session: '' }, invalid],
  ['nesting of 34', { metadata: nested(33) }, invalid],
  ['content that is no text', { content: 7 }, invalid],
  ['no actor that there is', { actor: 'root' }, invalid],
  ['a trust of its own', { trust: 'system' }, invalid],
  ['a sensitivity that there is not', { sensitivity: 'secret' }, invalid],
  ['metadata that is a list', { metadata: [] }, invalid],
  ['tags that are a text', { tags: 'a' }, invalid],
  ['a time that is in the year 10000 by UTC', { at: '9999-12-31T23:59:59-12:00' }, invalid],
  ['a time that is before the year 1 by UTC', { at: '0001-01-01T00:00:00+14:00' }, invalid],
  ['the year 0', { at: '0000-12-31T00:00:00Z' }, invalid],
]

function nested(levels: number): object {
  return levels === 0 ? { end: true } : { d: nested(levels - 1) }
}

describe('a memory at its limits comes back exactly, by whichever door it came in and goes out', () => {
  test.each(exact)('%s', async (_, fields) => {
    const subject = fresh()
    // An agent's words: what a person says again is stored once.
    const line = { content: 'x', actor: 'agent', ...fields }
    for (const door of doors) expect([door, await keep.add(door, 'acme', subject, line)]).toEqual([door, taken])
    const [one, ...others] = await Promise.all(doors.map((door) => keep.held(door, 'acme', subject)))
    expect(one).toHaveLength(doors.length)
    for (const memory of one!) expect(memory).toMatchObject(line)
    expect(one!.map(({ content }) => content)).toEqual(doors.map(() => line.content))
    for (const other of others) expect(other).toEqual(one)
  })
})

describe('what is refused is refused by every door alike, and nothing is stored', () => {
  test.each(refused)('%s', async (_, fields, code) => {
    const subject = fresh()
    const line = { content: 'x', actor: 'user', ...fields }
    for (const door of doors) expect([door, await keep.add(door, 'acme', subject, line)]).toEqual([door, code])
    for (const door of doors) expect(await keep.held(door, 'acme', subject)).toEqual([])
  })

  test.each([
    ['a name with a line break', { name: 'a\nb' }, invalid],
    ['a name of 201 characters', { name: rocket.repeat(201) }, invalid],
    ['a role that there is not', { role: 'root' }, invalid],
    ['a content with NUL', { content: '\u0000' }, invalid],
    ['a content beyond 32 KiB', { content: 'x'.repeat(32 * kiB + 1) }, tooLarge],
  ])('a turn with %s', async (_, fields, code) => {
    const subject = fresh()
    const turn = { role: 'user', content: 'x', ...fields }
    for (const door of ['library', 'command line'] as const) {
      expect([door, await keep.addMessage(door, 'acme', subject, turn)]).toEqual([door, code])
    }
    expect(await keep.held('library', 'acme', subject)).toEqual([])
  })

  test.each<[string, string, number | undefined, unknown]>([
    ['8 KiB', 'q'.repeat(8 * kiB), undefined, taken],
    ['8 KiB and a byte', 'q'.repeat(8 * kiB + 1), undefined, tooLarge],
    ['8 KiB in bytes', 'é'.repeat(4 * kiB + 1), undefined, tooLarge],
    ['NUL', 'a\u0000', undefined, invalid],
    ['a lone surrogate', '\ud800', undefined, invalid],
    ['nothing but white space', ' ', undefined, invalid],
    ['100 results', 'x', 100, taken],
    ['101 results', 'x', 101, tooLarge],
    ['no result', 'x', 0, invalid],
  ])('a query of %s', async (_, query, limit, expected) => {
    for (const door of doors) {
      expect([door, await keep.search(door, 'acme', 'ana', query, limit)]).toEqual([door, expected])
    }
  })
})
