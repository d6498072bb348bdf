import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { mintScope } from '../../src/trust.ts'
import { codeOf } from '../support/code-of.ts'
import { hourMs } from '../support/hand-clock.ts'
import { TestKeep } from '../support/test-keep.ts'

let store: TestKeep
beforeAll(async () => {
  store = await TestKeep.start()
})
afterAll(() => store?.[Symbol.asyncDispose]())
afterEach(() => {
  vi.useRealTimers()
})

const user = { actor: 'user' } as const
const contents = async (subject: string) =>
  (await store.memory({ subject }).list({ limit: 100 })).items.map(({ content }) => content).sort()

/** The clock of this process, not that of the database. */
function setClock(shiftMs: number): void {
  vi.useRealTimers()
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + shiftMs })
}

describe('the clock of the process and that of the database differ', () => {
  test.each([-25_000, 25_000])('by %d ms: it serves', async (shiftMs) => {
    setClock(shiftMs)
    await store.memory({ subject: `shifted ${shiftMs}` }).add('taken', user)
    expect(await contents(`shifted ${shiftMs}`)).toEqual(['taken'])
  })

  test.each([-24 * hourMs, -3 * hourMs, -120_000, 120_000, 3 * hourMs, 72 * hourMs])(
    'by %d ms: refused with a code, nothing is done, and it serves again when the clock is right',
    async (shiftMs) => {
      const subject = `refused ${shiftMs}`
      await store.memory({ subject }).add('before', user)
      setClock(shiftMs)
      const memory = store.memory({ subject })
      for (const call of [() => memory.add('x', user), () => memory.list(), () => memory.deleteMany({ all: true })]) {
        expect(await codeOf(call())).toBe('ERR_STORE_UNAVAILABLE')
      }
      vi.useRealTimers()
      await store.memory({ subject }).add('after', user)
      expect(await contents(subject)).toEqual(['after', 'before'])
    },
  )

  test('a scope that has expired may look valid to a clock that was set back: the database lets it do nothing', async () => {
    const principal = { id: 'svc', roles: ['agent'] }
    const scope = mintScope({ tenant: 'acme', subject: 'ana', principal, ttlSeconds: 1 })
    setClock(2_000)
    expect(await codeOf(() => store.keep.for(scope).list())).toBe('ERR_SCOPE_EXPIRED')
    setClock(-hourMs)
    expect(await codeOf(() => store.keep.for(scope).list())).toBe('ERR_STORE_UNAVAILABLE')
  })
})

describe('the time that is written down goes back by hours', () => {
  test('ids stay in the order of making, nothing is overwritten, and every call still works', async () => {
    const memory = () => store.memory({ subject: 'backwards' })
    const made: string[] = []
    for (let step = 0; step < 5; step++) {
      made.push((await memory().add(`step ${step}`, user)).id)
      store.clock.advance(-3 * hourMs)
    }
    expect(made).toEqual([...made].sort())
    expect(await contents('backwards')).toEqual(made.map((_, step) => `step ${step}`))
    expect(await memory().update(made[4]!, { content: 'changed' }, user)).toMatchObject({ version: 2 })
    expect((await memory().history(made[4]!)).map(({ content }) => content)).toEqual(['changed', 'step 4'])
    expect((await memory().search('step')).memories).toHaveLength(4)
    expect(await memory().delete(made[0]!)).toBe(true)
  })

  test('what has expired may come back for as long as the clock is wrong; what upkeep removed does not', async () => {
    const ofAnother = async () => (await store.memory({ subject: 'expiring' }, await store.open()).list()).items.length
    const expiresAt = new Date(store.clock.nowMs + hourMs)
    await store.memory({ subject: 'expiring' }).add('soon gone', { ...user, expiresAt })
    store.clock.advance(2 * hourMs)
    expect(await ofAnother()).toBe(0)
    store.clock.advance(-2 * hourMs)
    expect(await ofAnother()).toBe(1)
    store.clock.advance(2 * hourMs)
    await store.keep.runUpkeep()
    store.clock.advance(-2 * hourMs)
    expect(await ofAnother()).toBe(0)
  })

  test('a call that is repeated is still known by its key', async () => {
    const options = { ...user, idempotencyKey: 'once' }
    const first = await store.memory({ subject: 'repeated' }).add('once', options)
    store.clock.advance(-5 * hourMs)
    expect(await store.memory({ subject: 'repeated' }).add('once', options)).toEqual(first)
    expect(await contents('repeated')).toEqual(['once'])
  })
})
