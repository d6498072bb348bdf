import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { TimeShares } from '../../src/authn/time-shares.ts'
import { Served } from '../support/served.ts'

// Whatever a loud tenant asks for together, the time of the process is shared by the requests of all.

describe('turns', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  /** Ten requests of a tenant at once, of which each takes so long; the moments at which they began. */
  async function ask(shares: TimeShares, tenant: string, tookMs: number): Promise<number[]> {
    const began: number[] = []
    for (let number = 0; number < 10; number++) {
      void shares.turn(tenant).then((over) => {
        began.push(performance.now())
        setTimeout(over, tookMs)
      })
    }
    await vi.advanceTimersByTimeAsync(0)
    return began
  }

  test('one that asks alone has them all at once', async () => {
    expect(await ask(new TimeShares(), 'acme', 10)).toHaveLength(10)
  })

  test('one that asks among others has its part, one at a time', async () => {
    for (const [others, everyMs] of [
      [1, 20],
      [2, 30],
      [3, 40],
      [7, 80],
      [50, 80],
    ] as const) {
      const shares = new TimeShares()
      for (let other = 0; other < others; other++) await shares.turn(`other ${other}`)
      const [start, began] = [performance.now(), await ask(shares, 'acme', 10)]
      await vi.advanceTimersByTimeAsync(900)
      expect(began.map((at) => at - start)).toEqual(Array.from({ length: 10 }, (_, number) => number * everyMs))
    }
  })

  test('one that waits for something else holds nobody up', async () => {
    const shares = new TimeShares()
    await shares.turn('other')
    const began = await ask(shares, 'acme', 60_000)
    expect(began).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(100)
    // Its turn was over after fifty, and the other had as long.
    expect(began).toHaveLength(2)
  })

  test('when the others ask no more, all that waits begins', async () => {
    const shares = new TimeShares()
    await shares.turn('other')
    const began = await ask(shares, 'acme', 400)
    await vi.advanceTimersByTimeAsync(990)
    expect(began).toHaveLength(10)
    await vi.advanceTimersByTimeAsync(110)
    expect(await ask(shares, 'acme', 10)).toHaveLength(10)
  })

  test('a turn is over once', async () => {
    const shares = new TimeShares()
    await shares.turn('other')
    const over = await shares.turn('acme')
    over()
    over()
    const began = await ask(shares, 'acme', 10)
    await vi.advanceTimersByTimeAsync(1)
    expect(began).toHaveLength(1)
  })
})

/** How many answers are there when the quiet tenant has its own: it asks once, after the loud one asked forty times. */
async function answeredBefore(): Promise<number> {
  await using served = await Served.start()
  const [loud, quiet] = [await served.key('acme', 'ana'), await served.key('globex', 'bruno')]
  const answered: string[] = []
  const ask = async (key: string) => {
    const { status } = await served.ask('POST', '/v1/memories/search', { key, body: { query: 'harbour' } })
    expect(status).toBe(200)
    answered.push(key)
  }
  // Both are known, and both have just asked.
  await ask(loud)
  await ask(quiet)
  const waiting = Array.from({ length: 40 }, () => ask(loud))
  await ask(quiet)
  const before = answered.length - 2
  await Promise.all(waiting)
  expect(answered).toHaveLength(43)
  return before
}

test('what a quiet tenant asks is answered before what a loud one has waiting', async () => {
  // Where each has its turn at once, it stands behind the work of all of them.
  const torn = vi.spyOn(TimeShares.prototype, 'turn').mockResolvedValue(() => {})
  try {
    expect(await answeredBefore()).toBeGreaterThan(20)
  } finally {
    torn.mockRestore()
  }
  expect(await answeredBefore()).toBeLessThan(20)
})
