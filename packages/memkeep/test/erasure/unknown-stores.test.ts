import { afterEach, beforeEach, expect, test } from 'vitest'
import type { CacheStore } from '../../src/cache/cache-store.ts'
import { inProcessCache } from '../../src/cache/in-process.ts'
import type { Connector } from '../../src/connectors/connector.ts'
import { ownCache } from '../../src/core/erasure.ts'
import type { ErasureView, Keep } from '../../src/index.ts'
import { heldPlace } from '../connectors/held-items.ts'
import { adminOf, finished, grantOf } from '../support/erasing.ts'
import { TestKeep } from '../support/test-keep.ts'

// Processes of one deployment that were opened with different stores: only one that knows every store of the plan can end an erasure.

let isDown = false
let place: ReturnType<typeof heldPlace>
let shared: CacheStore & { readonly bytes: Map<string, Uint8Array> }
let store: TestKeep
let other: Keep
beforeEach(async () => {
  isDown = false
  place = heldPlace((right): Connector => {
    const erase: Connector['erase'] = async (...asked) => {
      if (isDown) throw new Error('not there')
      return right.erase(...asked)
    }
    return { ...right, patience: { retries: 0 }, erase }
  })
  const wide: Connector = { ...heldPlace().connector, name: 'wide', separates: 'tenants' }
  const bytes = new Map<string, Uint8Array>()
  shared = {
    bytes,
    name: 'shared',
    get: async (key) => bytes.get(key) ?? null,
    set: async (key, value) => void bytes.set(key, value),
    delete: async (keys) => {
      for (const key of keys) bytes.delete(key)
    },
    close: async () => {},
  }
  store = await TestKeep.start({ connectors: [place.connector, wide], cache: shared })
  const memory = store.memory({ roles: ['admin'] })
  const { id } = await memory.add('x', { actor: 'user' })
  await memory.cache.set('k', 'v', { ttlSeconds: 86_400, derivedFrom: [id] })
  await place.put({ tenant: 'acme', subject: 'ana' }, 3)
  // With the connectors and another cache, or with neither.
  other = await store.open({ upkeep: { ...store.database.upkeep, max: 1 } })
})
afterEach(() => store[Symbol.asyncDispose]())

const view = async (): Promise<ErasureView> => (await store.keep.for(adminOf('ana')).erasures.list())[0]!
const left = async () => (await place.read({ tenant: 'acme', subject: 'ana' })).length
const ended = ({ steps }: ErasureView) => steps.filter(({ endedAt }) => endedAt !== null).map(({ step }) => step)

/** As upkeep goes on, until it ends or cannot; the last failure. */
async function passes(keep: Keep): Promise<string> {
  let failure = ''
  for (let pass = 0; pass < 4; pass++) {
    store.clock.advance(300_001)
    failure = await keep.runUpkeep().then(
      () => '',
      (error: Error) => error.message,
    )
  }
  return failure
}

/** Broken off behind a step, as when its process ends there. */
async function brokenOffBefore(step: 'invalidate' | 'derive'): Promise<string> {
  const before = step === 'derive' ? 'delete' : 'bar'
  const dying = await store.open({
    connectors: [place.connector, { ...heldPlace().connector, name: 'wide', separates: 'tenants' }],
    cache: shared,
    seams: {
      clock: store.clock,
      reach: (point) => {
        if (point === `erasure.${before}.noted`) throw new Error('killed')
      },
    },
  })
  const erasure = await dying.eraseSubject(adminOf('ana'), { reason: 'request' })
  await expect(erasure.done).rejects.toThrow('killed')
  return erasure.id
}

test('one without a connector of the plan neither empties, verifies nor signs: it says which, and one that has it ends it', async () => {
  isDown = true
  const erasure = await store.keep.eraseSubject(adminOf('ana'), { reason: 'request' })
  await expect(erasure.done).rejects.toThrow('held cannot be emptied now')
  isDown = false
  // It has the cache, so that connectors alone are missing.
  const without = await store.open({ cache: shared, upkeep: { ...store.database.upkeep, max: 1 } })
  expect(await passes(without)).toContain('connector.held, connector.wide not known here')
  expect(ended(await view())).toEqual(['authorise', 'enumerate', 'bar', 'invalidate', 'delete'])
  const resumed = await without.privileged(grantOf('erase')).erasures.resume(erasure.id)
  await expect(resumed.done).rejects.toThrow('connector.held, connector.wide not known here')
  expect(await left()).toBe(3)

  // Its tries do not keep the one that knows them away.
  await without.runUpkeep().catch(() => {})
  store.clock.advance(1)
  await store.keep.runUpkeep().catch(() => {})
  expect(await left()).toBe(0)
  await passes(store.keep)
  const { state, report, steps } = await view()
  expect(state).toBe('done')
  expect(report!.stores).toContainEqual({ name: 'connector.held', deleted: 3, remaining: 0 })

  const { plan } = steps.find(({ step }) => step === 'enumerate')!.notes as {
    plan: { targets: Record<string, Record<string, number | null>> }
  }
  const planned = Object.values(plan.targets).flatMap((stores) => Object.keys(stores))
  expect(planned.toSorted()).toEqual(['cache.shared', 'connector.held', 'connector.wide'])
  const told = [...report!.stores.map(({ name }) => name), 'connector.wide']
  expect(planned.filter((name) => !told.includes(name))).toEqual([])
  expect(report!.notCovered.map(({ what }) => what)).toContainEqual(expect.stringMatching(/^wide: /))
}, 60_000)

test.each(['verify', 'attest'])(
  'nor does it %s what another emptied',
  async (step) => {
    const erasure = await store.keep.eraseSubject(adminOf('ana'), { reason: 'request' })
    for await (const done of erasure) {
      if (done.step === 'derive' && step === 'attest') store.clock.advance(300_001)
      if (done.step === (step === 'verify' ? 'derive' : 'verify')) break
    }
    expect(await left()).toBe(0)
    const without = await store.open({ cache: shared, upkeep: { ...store.database.upkeep, max: 1 } })
    await store.keep.close()
    expect(await passes(without)).toContain('connector.held, connector.wide not known here')
    const [open] = await without.for(adminOf('ana')).erasures.list()
    expect(open).toMatchObject({ state: 'open', report: null })
    expect(ended(open!).at(-1)).toBe(step === 'verify' ? 'keys' : 'verify')
  },
  60_000,
)

test('rows wait for no connector, and for the shared cache alone: its values are named by rows', async () => {
  await brokenOffBefore('invalidate')
  expect(shared.bytes.size).toBe(1)
  expect(await passes(other)).toContain('cache.shared not known here')
  expect(ended(await view()).at(-1)).toBe('bar')
  await passes(store.keep)
  expect(await view()).toMatchObject({ state: 'done' })
  expect([shared.bytes.size, await left()]).toEqual([0, 0])
}, 60_000)

test('one that is told which connectors others have plans them, and does not end what it asked for', async () => {
  const settings = { cache: shared, upkeep: { ...store.database.upkeep, max: 1 } }
  const told = await store.open({ ...settings, connectorsElsewhere: ['held', 'wide'] })
  const erasure = await told.eraseSubject(adminOf('ana'), { reason: 'request' })
  await expect(erasure.done).rejects.toThrow('connector.held, connector.wide not known here')
  expect(ended(await view()).at(-1)).toBe('delete')
  expect(await passes(told)).toContain('connector.held, connector.wide not known here')
  expect(await left()).toBe(3)
  await passes(store.keep)
  const { state, report } = await view()
  expect(state).toBe('done')
  expect(report!.stores).toContainEqual({ name: 'connector.held', deleted: 3, remaining: 0 })
  expect(await left()).toBe(0)
  // One that has it itself waits for nobody.
  const both = await store.open({ ...settings, connectors: [place.connector], connectorsElsewhere: ['held'] })
  await both.for(adminOf('ben')).add('x', { actor: 'user' })
  await finished(store, await both.eraseSubject(adminOf('ben'), { reason: 'request' }))
  const wrong = store.open({ ...settings, connectorsElsewhere: ['No such'] })
  await expect(wrong).rejects.toMatchObject({ code: 'ERR_INPUT_INVALID' })
}, 60_000)

test('a plan of a process with a cache of its own asks nobody for that cache, and the report says what stays', async () => {
  expect(`cache.${inProcessCache().name}`).toBe(ownCache)
  isDown = true
  const dying = await store.open({ connectors: [place.connector] })
  const erasure = await dying.eraseSubject(adminOf('ana'), { reason: 'request' })
  await expect(erasure.done).rejects.toThrow('held cannot be emptied now')
  isDown = false
  await passes(store.keep)
  const { state, report } = await view()
  expect(state).toBe('done')
  expect(report!.notCovered.map(({ what }) => what)).toContainEqual(expect.stringMatching(/^values of the cache in/))
  expect(shared.bytes.size).toBe(1)
}, 60_000)
