import { setImmediate as aMoment } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { FairTurns } from '../../src/store/fair-turns.ts'
import { random, seed } from '../support/seed.ts'

/** Turns with a record of who has one, by tenant. */
function recorded(places: number) {
  const turns = new FairTurns(places, 0)
  const held: Record<string, (() => void)[]> = {}
  const order: string[] = []
  const take = async (tenant: string) => {
    const end = await turns.take(tenant)
    order.push(tenant)
    held[tenant] = [...(held[tenant] ?? []), end]
  }
  const end = async (tenant: string) => {
    held[tenant]!.shift()!()
    await aMoment()
  }
  const number = (tenant: string) => held[tenant]?.length ?? 0
  return { take, end, number, order }
}

test('one tenant has all but a fifth; what is left is there for the others at once', async () => {
  const { take, number } = recorded(10)
  for (let call = 0; call < 100; call++) void take('loud')
  await aMoment()
  expect(number('loud')).toBe(8)
  await take('quiet')
  await take('other')
  void take('third')
  await aMoment()
  expect([number('quiet'), number('other'), number('third')]).toEqual([1, 1, 0])
})

test.each([1, 2, 4])('of %s connections one tenant may have every one: none would be left to leave', async (places) => {
  const { take, number } = recorded(places)
  for (let call = 0; call < 10; call++) void take('only')
  await aMoment()
  expect(number('only')).toBe(places)
})

test('what is free goes to whoever holds fewest, and by turns among those who hold as many', async () => {
  const { take, end, order } = recorded(2)
  await take('a')
  await take('a')
  for (const tenant of ['a', 'a', 'b', 'b', 'c', 'c']) void take(tenant)
  await end('a')
  // `b` has waited as long as `c`, and `a` has one yet.
  expect(order.slice(2)).toEqual(['b'])
  for (const tenant of ['a', 'b', 'a']) await end(tenant)
  expect(order.slice(3)).toEqual(['a', 'c', 'b'])
})

test('who waits longer than it may is refused, and takes no turn from anybody afterwards', async () => {
  const turns = new FairTurns(1, 50)
  const end = await turns.take('a')
  await expect(turns.take('b')).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE', retryable: true })
  end()
  const again = await turns.take('c')
  const next = turns.take('b')
  again()
  expect(await next).toBeTypeOf('function')
})

test(`whatever comes and goes, no place is lost and none is free while somebody may go (MEMKEEP_TEST_SEED=${seed})`, async () => {
  const chance = random()
  for (let run = 0; run < 50; run++) {
    const places = 1 + Math.floor(chance() * 12)
    const most = places - Math.floor(places / 5)
    const { take, end, number } = recorded(places)
    const asked: Record<string, number> = { a: 0, b: 0, c: 0 }
    const names = Object.keys(asked)
    for (let step = 0; step < 100; step++) {
      const tenant = names[Math.floor(chance() * names.length)]!
      if (chance() < 0.6) {
        asked[tenant]!++
        void take(tenant)
        await aMoment()
      } else if (number(tenant) > 0) {
        asked[tenant]!--
        await end(tenant)
      }
      const total = names.reduce((sum, name) => sum + number(name), 0)
      expect(total).toBeLessThanOrEqual(places)
      for (const name of names) {
        expect(number(name)).toBeLessThanOrEqual(most)
        if (total < places) expect(number(name)).toBe(Math.min(asked[name]!, most))
      }
    }
  }
})
