import { expect, it } from 'vitest'
import { type Held, HeldKeys } from '../../src/keys/held-keys.ts'
import { HandClock, refusalOf } from './key-place.ts'

class Opened implements Held {
  destroyed = false
  destroy(): void {
    this.destroyed = true
  }
}

/** An opening that waits: `arrive` lets the next one through. */
function slowOpening() {
  const openings: { value: Opened; arrive: () => void }[] = []
  const open = () =>
    new Promise<Opened>((resolve) => {
      const value = new Opened()
      openings.push({ value, arrive: () => resolve(value) })
    })
  return { openings, open }
}

it('what was dropped while it was being opened is destroyed on arrival, and opened once more', async () => {
  const held = new HeldKeys(new HandClock(), 1000)
  const { openings, open } = slowOpening()
  const asked = held.get('a/b', open)
  held.drop('a/')
  openings[0]!.arrive()
  await expect.poll(() => openings.length).toBe(2)
  expect(openings[0]!.value.destroyed).toBe(true)
  openings[1]!.arrive()
  expect(await asked).toBe(openings[1]!.value)
  expect(openings[1]!.value.destroyed).toBe(false)
  held.close()
  expect(openings[1]!.value.destroyed).toBe(true)
})

it('what arrives after close is destroyed, and nobody gets it', async () => {
  const held = new HeldKeys(new HandClock(), 1000)
  const { openings, open } = slowOpening()
  const asked = refusalOf(() => held.get('a', open))
  held.close()
  openings[0]!.arrive()
  expect(await asked).toBe('ERR_CLOSED')
  expect(openings[0]!.value.destroyed).toBe(true)
})

it('a failed opening fails for all who asked, and is not remembered', async () => {
  const held = new HeldKeys(new HandClock(), 1000)
  let tries = 0
  const open = async () => {
    tries++
    if (tries === 1) throw new Error('down')
    return new Opened()
  }
  const both = await Promise.allSettled([held.get('a', open), held.get('a', open)])
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(tries).toBe(1)
  expect((await held.get('a', open)).destroyed).toBe(false)
  held.close()
})

it('drops by whole prefix: neighbours stay, and so does what has replaced nothing', async () => {
  const clock = new HandClock()
  const held = new HeldKeys(clock, 1000)
  const open = async () => new Opened()
  const [a, ab] = [await held.get('t/a/1', open), await held.get('t/ab/1', open)]
  clock.nowMs += 600
  const newer = await held.get('t/a/1', open)
  expect([newer === a, a.destroyed]).toEqual([false, false])
  held.drop('t/a/')
  expect([a.destroyed, newer.destroyed, ab.destroyed]).toEqual([true, true, false])
  held.close()
})

it('with more open than it may hold, the oldest makes room: opened anew for the next, of use to its holder for a grace', async () => {
  const clock = new HandClock()
  const held = new HeldKeys(clock, 60_000, 3)
  const opened: Opened[] = []
  const open = async () => {
    opened.push(new Opened())
    return opened.at(-1)!
  }
  for (const name of ['a', 'b', 'c']) await held.get(name, open)
  // Asked for again, but not opened again: still the oldest.
  expect(await held.get('a', open)).toBe(opened[0])
  await held.get('d', open)
  expect(opened.map(({ destroyed }) => destroyed)).toEqual([false, false, false, false])
  expect(await held.get('a', open)).toBe(opened[4])
  expect(await held.get('c', open)).toBe(opened[2])
  clock.nowMs += 10_001
  await held.get('d', open)
  expect(opened.map(({ destroyed }) => destroyed)).toEqual([true, true, false, false, false])
  expect(held.size).toBe(3)
  held.close()
})
