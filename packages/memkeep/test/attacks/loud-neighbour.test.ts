import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TestKeep } from '../support/test-keep.ts'

let store: TestKeep
beforeAll(async () => {
  store = await TestKeep.start()
})
afterAll(() => store?.[Symbol.asyncDispose]())

const user = { actor: 'user' } as const

/** `waiting` when the call has not ended by then. */
const within = <T>(ms: number, call: Promise<T>) => Promise.race([call, sleep(ms).then(() => 'waiting' as const)])

test('a tenant whose calls do not end holds up its own calls, and no other tenant’s', async () => {
  // One that has patience: what is shown is who waits for whom, not when they give up.
  const keep = await store.open({ database: { ...store.database.app, max: 5, connectionTimeoutMillis: 0 } })
  const loud = store.memory({ tenant: 'acme', subject: 'ana' }, keep)
  await loud.add('the shelf that is held', user)
  const holder = new pg.Client(store.database.admin)
  await holder.connect()
  await holder.query('begin; select from memkeep.shelf for update')
  const stuck = Array.from({ length: 50 }, (_, number) => loud.add(`note ${number}`, user))
  const held = () =>
    store.database.query("select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()")
  while ((await held()).length < 4) await sleep(10)

  // What the others would see if nobody shared: another subject of the same tenant finds no connection.
  const own = store.memory({ tenant: 'acme', subject: 'bruno' }, keep).add('of the same tenant', user)
  expect(await within(1000, own)).toBe('waiting')
  const quiet = store.memory({ tenant: 'globex', subject: 'carla' }, keep)
  for (let turn = 0; turn < 3; turn++) {
    expect(await within(15_000, quiet.add(`a quiet note ${turn}`, user))).toMatchObject({ outcome: 'stored' })
    expect(await within(15_000, quiet.search('quiet'))).toMatchObject({ memories: expect.anything() })
  }
  // A tenant that is made meanwhile, and a credential that is looked up, are nobody else's calls either.
  expect(await within(15_000, store.privileged(keep).tenants.create('initech'))).toMatchObject({ created: true })

  await holder.query('commit')
  await holder.end()
  expect((await Promise.all([...stuck, own])).map(({ outcome }) => outcome)).toEqual(Array(51).fill('stored'))
})
