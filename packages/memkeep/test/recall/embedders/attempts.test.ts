import { describe, expect, test } from 'vitest'
import { attempt } from '../../../src/core/attempts.ts'
import { Failure } from '../../../src/core/failure.ts'
import { Lanes } from '../../../src/recall/drivers/lanes.ts'

const tried = { code: 'ERR_EMBEDDER', who: 'it', failureOf: (cause: unknown) => cause as Failure } as const

async function pausesOf(retries: number, random: number, failure = new Failure('no', true)): Promise<number[]> {
  const pauses: number[] = []
  const seams = { wait: async (ms: number) => void pauses.push(ms), random: () => random }
  const work = () => Promise.reject(failure)
  await attempt(work, tried, { retries }, seams, undefined).catch(() => {})
  return pauses
}

describe('pauses', () => {
  test('double to 8 s, and lie in the upper half at random', async () => {
    expect(await pausesOf(6, 0)).toEqual([250, 500, 1000, 2000, 4000, 4000])
    expect(await pausesOf(6, 0.999)).toEqual([500, 1000, 2000, 4000, 8000, 8000].map((ms) => expect.closeTo(ms, -1)))
  })

  test('never end before the time that was named, nor begin when it is too far', async () => {
    expect(await pausesOf(2, 0, new Failure('no', true, 12_000))).toEqual([12_000, 12_000])
    expect(await pausesOf(2, 0, new Failure('no', true, 30_001))).toEqual([])
  })
})

test('lanes let in as many as they are, in order, and forget who gave up', async () => {
  const lanes = new Lanes(2)
  const log: string[] = []
  const ends = new Map<string, () => void>()
  const run = (name: string, signal?: AbortSignal) =>
    lanes.run(() => {
      log.push(name)
      return new Promise<void>((resolve) => ends.set(name, resolve))
    }, signal)
  const control = new AbortController()
  const [a, b, c, d, e] = [run('a'), run('b'), run('c', control.signal), run('d'), run('e')]
  await new Promise(setImmediate)
  expect(log).toEqual(['a', 'b'])
  control.abort(new Error('enough'))
  await expect(c).rejects.toThrow('enough')
  ends.get('a')!()
  await a
  await new Promise(setImmediate)
  expect(log).toEqual(['a', 'b', 'd'])
  for (const name of ['b', 'd']) ends.get(name)!()
  await Promise.all([b, d])
  await new Promise(setImmediate)
  ends.get('e')!()
  await e
  expect(log).toEqual(['a', 'b', 'd', 'e'])
  await expect(run('late', AbortSignal.abort(new Error('before')))).rejects.toThrow('before')
  expect(await lanes.run(async () => 'free again', undefined)).toBe('free again')
})

test('a caller that gives up in the moment its turn comes keeps nobody out', async () => {
  const lanes = new Lanes(1)
  const control = new AbortController()
  const first = Promise.withResolvers<void>()
  const a = lanes.run(() => first.promise, undefined)
  const b = lanes.run(async () => 'b', control.signal)
  const c = lanes.run(async () => 'c', undefined)
  first.resolve()
  await a.then(() => control.abort())
  expect(await b).toBe('b')
  expect(await c).toBe('c')
})
