import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { RunningErasure } from '../../src/index.ts'
import { Keyring } from '../../src/keys/keyring.ts'
import { adminOf, adminOfTenant, finished, grantOf } from '../support/erasing.ts'
import { keysAt } from '../support/keys-at.ts'
import { TestKeep } from '../support/test-keep.ts'

// Keys of a scope that are put while it is being erased: they are destroyed with the others.

let store: TestKeep
beforeEach(async () => {
  store = await TestKeep.start()
  await store.memory().add('x', { actor: 'user' })
})
afterEach(() => store[Symbol.asyncDispose]())

/** The key store in the hands of a process that knows nothing of the erasure. */
async function elsewhere<T>(work: (keyring: Keyring) => Promise<T>): Promise<T> {
  const { keys: provider, keyStore } = keysAt(store.keyDir)
  const keyring = new Keyring({ provider, store: keyStore, clock: store.clock, reach: () => {} })
  try {
    return await work(keyring)
  } finally {
    keyring.close()
  }
}

async function followed(erasure: RunningErasure, at: string, work: () => Promise<unknown>) {
  for await (const { step } of erasure) {
    if (step === at) await work()
    if (step === 'derive') store.clock.advance(300_001)
    if (step === 'verify') await store.keep.runUpkeep()
  }
  return erasure.done
}

const standing = async (prefix: string) =>
  (await keysAt(store.keyDir).keyStore.list(prefix)).filter((name) => !name.includes('/erased/'))

test('one that was renewed behind the plan counts among those that were destroyed', async () => {
  const erasure = await store.keep.eraseSubject(adminOf('ana'), { reason: 'request' })
  const report = await followed(erasure, 'derive', () =>
    elsewhere(async (keyring) => {
      const keys = await keyring.tenant('acme')
      expect(await keys.renewSubject(keys.subjectTag('ana'))).toBe(true)
    }),
  )
  expect(await standing('subject/')).toEqual([])
  expect(report.keysDestroyed).toBe(2)
  expect(report.verification.keysGone).toBe(1)
})

test('a deletion that is broken off between two records counts both', async () => {
  await elsewhere(async (keyring) => {
    const keys = await keyring.tenant('acme')
    await keys.renewSubject(keys.subjectTag('ana'))
  })
  const { keyStore } = keysAt(store.keyDir)
  let isBroken = true
  const flaky = {
    ...{ get: keyStore.get.bind(keyStore), list: keyStore.list.bind(keyStore) },
    ...{ putIfAbsent: keyStore.putIfAbsent.bind(keyStore), replace: keyStore.replace.bind(keyStore) },
    delete: async (name: string) => {
      const gone = await keyStore.delete(name)
      if (isBroken && name.startsWith('subject/')) throw new Error('broken off')
      return gone
    },
  }
  const keep = await store.open({ keyStore: flaky })
  const erasure = await keep.eraseSubject(adminOf('ana'), { reason: 'request' })
  await expect(finished(store, erasure)).rejects.toMatchObject({ code: 'ERR_KEY_UNAVAILABLE' })
  expect(await standing('subject/')).toHaveLength(1)
  isBroken = false
  const again = await store.keep.eraseSubject(adminOf('ana'), { reason: 'request' })
  expect(again.id).toBe(erasure.id)
  expect((await finished(store, again)).keysDestroyed).toBe(2)
})

test('one that a killed process left behind the destruction is destroyed before it is attested', async () => {
  const [acme] = await store.database.query<{ tenant: Buffer }>('select tenant from memkeep.shelf')
  const tag = acme!.tenant.toString('hex')
  const { keyStore } = keysAt(store.keyDir)
  const stray = `version/${tag}/${randomBytes(16).toString('hex')}/1/1`
  const other = (await keyStore.list('tenant/')).find((name) => !name.includes(tag))!
  const bytes = (await keyStore.get(other))!
  const reach = (at: string): void => {
    if (at === 'erasure.keys.noted') throw new Error('killed')
  }
  const keep = await store.open({ seams: { clock: store.clock, reach } })
  const whole = await keep.eraseTenant(adminOfTenant(), { reason: 'contract-end', confirm: 'acme' })
  await expect(finished(store, whole)).rejects.toThrow('killed')
  await keyStore.putIfAbsent(stray, bytes)
  await finished(store, await store.keep.privileged(grantOf('erase')).erasures.resume(whole.id))
  expect(await standing(`version/${tag}/`)).toEqual([])
}, 60_000)

test('a record that says of a subject that it was erased is no key of its tenant', async () => {
  await store.memory({ subject: 'ben' }).add('y', { actor: 'user' })
  await finished(store, await store.keep.eraseSubject(adminOf('ana'), { reason: 'request' }))
  const [acme] = await store.database.query<{ tenant: Buffer }>('select tenant from memkeep.shelf')
  const tag = acme!.tenant.toString('hex')
  const keys = [...(await standing(`tenant/${tag}/`)), ...(await standing(`subject/${tag}/`))]
  const whole = await store.keep.eraseTenant(adminOfTenant(), { reason: 'contract-end', confirm: 'acme' })
  expect((await finished(store, whole)).keysDestroyed).toBe(keys.length)
  expect(await keysAt(store.keyDir).keyStore.list(`subject/${tag}/`)).toEqual([])
}, 60_000)

test('only tables are told as counted by two roles', async () => {
  const connector = { name: 'held', inventory: async () => 0, erase: async () => 0, verify: async () => 0 }
  const bare = await finished(store, await store.keep.eraseSubject(adminOf('ana'), { reason: 'request' }))
  await store.memory({ subject: 'ben' }).add('y', { actor: 'user' })
  const keep = await store.open({ connectors: [connector] })
  const report = await finished(store, await keep.eraseSubject(adminOf('ben'), { reason: 'request' }))
  expect(report.stores.map(({ name }) => name)).toContain('connector.held')
  expect(report.verification.counted).toBe(bare.verification.counted)
})
