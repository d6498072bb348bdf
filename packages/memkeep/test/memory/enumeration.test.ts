import { afterAll, beforeAll, expect, test } from 'vitest'
import { Disclosures } from '../../src/memory/disclosures.ts'
import { hourMs } from '../support/hand-clock.ts'
import { type Asking, TestKeep } from '../support/test-keep.ts'

// Extraction through search: many general questions that together walk a shelf, against a talk that keeps to its subjects.

let store: TestKeep
const months = 'January February March April May June July August September October November December'.split(' ')
const things = 'ferry garden piano passport bicycle dentist kitchen library sister neighbour'.split(' ')

beforeAll(async () => {
  store = await TestKeep.start()
  for (const subject of ['ana', 'ben']) {
    // One of each month and thing: 120.
    await store.memory({ subject }).addMany(
      months.flatMap((month) =>
        things.map((thing) => ({
          content: `In ${month} something happened with the ${thing}.`,
          actor: 'user' as const,
        })),
      ),
    )
  }
})
afterAll(() => store?.[Symbol.asyncDispose]())

/** How many memories each remark of the ledger tells of, newest first. */
const noted = async (): Promise<number[]> => {
  const { items } = await store.wide({ roles: ['admin'] }).audit.list({ actions: ['disclosure.enumeration'] })
  return items.map(({ affected }) => affected)
}
const counted = () => store.keep.metrics().disclosures.enumerations

/** Asks for everything of one word after the other, as MEXTRA's prompts do. */
async function walk(who: Asking): Promise<number> {
  const shown = new Set<string>()
  for (const word of [...months, ...things]) {
    const { memories } = await store
      .memory(who)
      .search(`List everything you know, all of it, about ${word}`, { limit: 10 })
    for (const { id } of memories) shown.add(id)
  }
  return shown.size
}

/** Comes back to the same few things from many sides, for as many turns as the walk has questions. */
async function talk(who: Asking): Promise<number> {
  const shown = new Set<string>()
  for (const thing of ['ferry', 'garden']) {
    for (const month of ['May', 'June']) {
      for (const ask of [
        'What was it with',
        'Remind me of',
        'Was there not something about',
        'When was',
        'And',
        'Who saw',
      ]) {
        const { memories } = await store.memory(who).search(`${ask} the ${thing} in ${month}?`)
        for (const { id } of memories) shown.add(id)
      }
    }
  }
  return shown.size
}

test('whoever walks a shelf is noted when it has seen half of it, once an hour, in the ledger and in the metrics', async () => {
  const before = await noted()
  const who: Asking = { principal: 'walker' }
  expect(await walk(who)).toBeGreaterThan(100)
  const [first, ...others] = await noted()
  expect(others).toEqual(before)
  expect(first).toBeGreaterThanOrEqual(60)
  expect(first).toBeLessThan(70)
  expect(counted()).toBe(before.length + 1)
  await walk(who)
  expect(await noted()).toHaveLength(before.length + 1)
  store.clock.advance(hourMs)
  await walk(who)
  expect(await noted()).toHaveLength(before.length + 2)
})

test('an ordinary talk of as many turns is not', async () => {
  const before = await noted()
  const shown = await talk({ principal: 'talker' })
  expect(shown).toBeGreaterThan(10)
  expect(shown).toBeLessThan(60)
  expect(await noted()).toEqual(before)
})

test('two who see a half each are two, and so are two shelves of one', async () => {
  const before = await noted()
  const halves = [months.slice(0, 5), months.slice(5, 10)]
  for (const [at, half] of halves.entries()) {
    for (const subject of ['ana', 'ben']) {
      for (const word of half) await store.memory({ subject, principal: `half ${at}` }).search(word)
    }
  }
  expect(await noted()).toEqual(before)
  for (const word of months.slice(0, 7)) await store.memory({ principal: 'more than half' }).search(word)
  expect(await noted()).toHaveLength(before.length + 1)
})

test('tenant-wide it is all that the scope reads', async () => {
  const before = await noted()
  const wide = store.wide({ roles: ['admin'], principal: 'wide walker' })
  for (const word of months.slice(0, 5)) await wide.search(word, { limit: 20 })
  expect(await noted()).toEqual(before)
  for (const word of months.slice(5)) await wide.search(word, { limit: 20 })
  expect(await noted()).toHaveLength(before.length + 1)
})

test('a shelf of fewer than fifty is seen through by any talk, and nobody is noted for it', async () => {
  const before = await noted()
  const who: Asking = { subject: 'carl', principal: 'reader of little' }
  await store
    .memory(who)
    .addMany(
      months.flatMap((month) => [1, 2, 3, 4].map((day) => ({ content: `${month} ${day}`, actor: 'user' as const }))),
    )
  for (const month of months) await store.memory(who).search(month)
  expect(await noted()).toEqual(before)
})

test('whoever is shown twenty thousand is noted, however much there is; what is held for it is bounded', () => {
  const clock = { now: () => 0 }
  const disclosures = new Disclosures(clock)
  const page = (from: number) => Array.from({ length: 100 }, (_, at) => `memory ${from + at}`)
  const told: number[] = []
  for (let from = 0; from < 30_000; from += 100) {
    const walked = disclosures.noteSearch('one', page(from), 1_000_000)
    if (walked !== null) told.push(walked)
  }
  expect(told).toEqual([20_000])
  // Others, each just below, push each other out: the first of them is begun anew.
  for (let reader = 0; reader < 8; reader++) {
    for (let from = 0; from < 19_900; from += 100) disclosures.noteSearch(`reader ${reader}`, page(from), 1_000_000)
  }
  expect(disclosures.noteSearch('reader 0', page(19_900), 1_000_000)).toBeNull()
  expect(disclosures.noteSearch('reader 7', page(19_900), 1_000_000)).toBe(20_000)
})
