import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { codeOf, errorOf } from '../support/code-of.ts'
import { type PrivateEngine, privateEngine } from '../support/private-engine.ts'
import { TestKeep } from '../support/test-keep.ts'

let engine: PrivateEngine
let store: TestKeep
beforeAll(async () => {
  engine = await privateEngine()
  store = await TestKeep.start({}, await engine.database('crowded'))
})
afterAll(async () => {
  await store?.[Symbol.asyncDispose]()
  await engine?.stop()
})

const user = { actor: 'user' } as const

/** Connections of the application's login, as many as the server gives. */
async function allConnections(): Promise<{ readonly held: pg.Client[]; readonly refusal: string | undefined }> {
  const held: pg.Client[] = []
  for (;;) {
    const client = new pg.Client(store.database.app)
    client.on('error', () => {})
    try {
      await client.connect()
      held.push(client)
    } catch (error) {
      return { held, refusal: (error as { code?: string }).code }
    }
  }
}

test('no connection is left: a typed error, and service by itself once there is one', async () => {
  const warm = store.keep
  // One that holds no connection between calls.
  const cold = await store.open({ database: { ...store.database.app, max: 5, idleTimeoutMillis: 1 } })
  await store.memory({}, warm).add('before', user)
  const { held, refusal } = await allConnections()
  try {
    expect(refusal).toBe('53300')
    expect(held.length).toBeGreaterThan(20)
    // Who has connections goes on with them; who needs one is refused, and so is a keep that is opened now.
    await store.memory({}, warm).add('meanwhile', user)
    for (const call of [
      () => store.memory({}, cold).add('refused', user),
      () => store.memory({}, cold).search('before'),
      () => store.privileged(cold).tenants.create('crowd'),
    ]) {
      const error = await errorOf(call())
      expect(error).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE', retryable: true })
      expect(error.message).not.toMatch(/memkeep_app|slots|\d/)
    }
    expect(await codeOf(store.open())).toBe('ERR_STORE_UNAVAILABLE')
  } finally {
    await Promise.all(held.map((client) => client.end()))
  }
  await store.memory({}, cold).add('after', user)
  const { items } = await store.memory({}, cold).list()
  expect(items.map(({ content }) => content).sort()).toEqual(['after', 'before', 'meanwhile'])
})
