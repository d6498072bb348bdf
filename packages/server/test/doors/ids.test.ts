import { afterAll, beforeAll, expect, test } from 'vitest'
import { doors, ThreeDoors } from './three-doors.ts'

let keep: ThreeDoors
beforeAll(async () => {
  keep = await ThreeDoors.open()
})
afterAll(() => keep?.[Symbol.asyncDispose]())

/** Pairs and runs of ids that something else would take for one another, or for more than one. */
const exact = [
  ...['acme-corp', 'acme-', 'acme', 'ACME', '1', '10', '01', '1 ', '%', '_', 'a:b', 'a/b', '..', '../acme', '*', 'a*'],
  ...[
    'caf\u00e9',
    'cafe\u0301',
    '\u202eemca',
    '\u200bacme',
    '\u{1f680}'.repeat(200),
    '%2e%2e',
    "';--",
    '-x',
    '__proto__',
  ],
]
const unfit = ['a\nb', '\u0000', 'a\u0000', '\ud800', '\u0085', '\u001b[2J', '\u{1f680}'.repeat(201), 'x'.repeat(201)]

test('each is a tenant and a subject of its own, made by one door and the same by all', async () => {
  for (const [index, id] of exact.entries()) {
    const door = doors[index % doors.length]!
    expect([id, await keep.tenant(door, id, id)]).not.toEqual([id, { code: expect.anything() }])
    const line = { content: `of ${id}`, actor: 'user' }
    expect([id, await keep.add(door, id, id, line)]).toEqual([id, { got: expect.anything() }])
  }
  for (const id of exact) {
    for (const door of doors) {
      const contents = (await keep.held(door, id, id)).map(({ content }) => content)
      expect([door, id, contents]).toEqual([door, id, [`of ${id}`]])
    }
  }
})

test('within one tenant each is a subject of its own', async () => {
  for (const [index, id] of exact.entries()) {
    const door = doors[(index + 1) % doors.length]!
    await keep.add(door, 'globex', id, { content: `about ${id}`, actor: 'user' })
  }
  for (const id of exact) {
    for (const door of doors) {
      const contents = (await keep.held(door, 'globex', id)).map(({ content }) => content)
      expect([door, id, contents]).toEqual([door, id, [`about ${id}`]])
    }
  }
})

test('what is no id is refused by every door alike, as a tenant and as a subject', async () => {
  const line = { content: 'x', actor: 'user' }
  for (const id of unfit) {
    for (const door of doors) {
      const outcomes = [
        await keep.tenant(door, id, 'ana'),
        await keep.add(door, id, 'ana', line),
        await keep.add(door, 'acme', id, line),
        await keep.search(door, 'acme', id, 'x'),
      ]
      expect([door, id, outcomes]).toEqual([door, id, outcomes.map(() => ({ code: 'ERR_INPUT_INVALID' }))])
    }
  }
})

test('a tenant that was not made is unknown to every door', async () => {
  for (const tenant of ['Acme', 'acme%', 'nobody', 'glob*', 'globex ']) {
    for (const door of doors) {
      const outcome = await keep.add(door, tenant, 'ana', { content: 'x', actor: 'user' })
      expect([door, tenant, outcome]).toEqual([door, tenant, { code: 'ERR_TENANT_UNKNOWN' }])
    }
  }
})
