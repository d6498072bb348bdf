import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { KillPoint } from '../../src/core/seams.ts'
import { productionSeams } from '../../src/core/seams.ts'
import { openMemkeep } from '../../src/index.ts'
import { Keyring } from '../../src/keys/keyring.ts'
import { mintToken, tokenWindow } from '../../src/store/token.ts'
import { keysAt } from '../support/keys-at.ts'
import { amount, random, seed } from '../support/seed.ts'
import { TestKeep } from '../support/test-keep.ts'
import { expectEveryPair, expectWholeLogs } from './whole-log.ts'

let store: TestKeep
let keyring: Keyring
const chance = random()

beforeAll(async () => {
  console.log(`MEMKEEP_TEST_SEED=${seed}`)
  store = await TestKeep.start()
  const { keys, keyStore } = keysAt(store.keyDir)
  keyring = new Keyring({ provider: keys, store: keyStore, clock: productionSeams.clock, reach: () => {} })
})
afterAll(async () => {
  keyring.close()
  await store[Symbol.asyncDispose]()
})

/** Another process with an upkeep login. */
function another(reach?: (point: KillPoint) => void) {
  const { app: database, upkeep } = store.database
  const seams = { clock: store.clock, ...(reach === undefined ? {} : { reach }) }
  return openMemkeep({
    database,
    upkeep: { ...upkeep, max: 1 },
    ...keysAt(store.keyDir),
    acceptOldServer: true,
    audit: { mergeDelaySeconds: 3600 },
    seams,
  })
}

/** A call of doorway `enter`, in a transaction that stays open: its event is written and not committed. */
async function openCall() {
  const keys = await keyring.tenant('acme')
  const client = new pg.Client(store.database.app)
  await client.connect()
  const event = productionSeams.ids.uuid(store.clock.now())
  const id = tokenWindow(Date.now())
  const claims = {
    ...{
      tenant: keys.tag,
      reach: 'common' as const,
      shelf: keys.commonTag,
      tenantEpoch: 1,
      shelfEpoch: 0,
      clearance: 0,
    },
    ...{ writable: 0, actors: 0, rights: 0, principal: keys.principalTag('svc'), policyVersion: 0 },
  }
  const token = mintToken({ id, key: await keyring.tokenKey(id) }, claims, {
    doorway: 'enter',
    event,
    atMs: store.clock.now(),
  })
  await client.query('begin')
  await client.query('select * from memkeep.enter($1, $2, $3)', [keys.tag, token, Buffer.from('no frame')])
  return {
    event,
    async end(how: 'commit' | 'rollback') {
      await client.query(how)
      await client.end()
    },
  }
}

const placeOf = async (event: string) =>
  (await store.database.query<{ seq: string }>('select seq from memkeep.log_entry where event = $1', [event])).map(
    ({ seq }) => Number(seq),
  )

test('an event that commits late is not passed over, and one that is rolled back leaves no gap', async () => {
  const [early, never] = [await openCall(), await openCall()]
  await store.memory().add('a later one', { actor: 'user' })
  expect((await store.keep.runUpkeep()).sequenced).toBeGreaterThan(0)
  expect(await placeOf(early.event)).toEqual([])
  await early.end('commit')
  await never.end('rollback')
  expect((await store.keep.runUpkeep()).sequenced).toBe(1)
  expect(await placeOf(early.event)).toHaveLength(1)
  expect(await placeOf(never.event)).toEqual([])
  expect(await expectWholeLogs(store.database)).toMatchObject({ waiting: 0 })
})

test('one after another in time stands after it in the log, whatever the clocks say', async () => {
  const memory = store.memory()
  const ids: string[] = []
  for (let n = 0; n < 12; n++) {
    store.clock.advance(Math.floor((chance() - 0.5) * 7_200_000))
    ids.push((await memory.add(`number ${n}`, { actor: 'user' })).id)
    if (chance() < 0.3) await store.keep.runUpkeep()
  }
  await store.keep.runUpkeep()
  const rows = await store.database.query<{ seq: string }>(
    `select l.seq from unnest($1::uuid[]) with ordinality u (id, place)
     join memkeep.event e on e.memories = array[u.id] and e.action = 'memory.add'
     join memkeep.log_entry l on l.tenant = e.tenant and l.event = e.id order by u.place`,
    [ids],
  )
  const places = rows.map(({ seq }) => Number(seq))
  expect(places).toHaveLength(12)
  expect(places).toEqual([...places].sort((a, b) => a - b))
})

test('several processes that sequence at once, under writers: every event once', { timeout: 120_000 }, async () => {
  await using two = await another()
  await using three = await another()
  let writing = true
  // Two of one process's as well: they share what it keeps of the logs.
  const sequencing = [store.keep, store.keep, two, three].map(async (keep) => {
    let number = 0
    while (writing) number += (await keep.runUpkeep()).sequenced
    return number
  })
  const rounds = amount('MEMKEEP_SEQUENCE_ROUNDS', 12)
  await Promise.all(
    ['acme', 'globex'].flatMap((tenant) =>
      ['ana', 'ben'].map(async (subject) => {
        for (let n = 0; n < rounds; n++) {
          const memory = store.memory({ tenant, subject })
          await memory.add(`${subject} ${n}`, { actor: 'user' })
          if (chance() < 0.4) await memory.search('ben')
        }
      }),
    ),
  )
  writing = false
  expect((await Promise.all(sequencing)).every((number) => number >= 0)).toBe(true)
  await store.keep.runUpkeep()
  const { logged, waiting } = await expectWholeLogs(store.database)
  expect(waiting).toBe(0)
  expect(logged).toBeGreaterThan(4 * rounds)
})

describe('a process that ends where it stands', () => {
  class Ended extends Error {}

  test.each(['ledger.read', 'ledger.signed', 'ledger.sequenced'] as const)('at %s: another goes on', async (point) => {
    await store.memory().add(`before ${point}`, { actor: 'user' })
    let armed = false
    await using dying = await another((reached) => {
      if (armed && reached === point) throw new Ended()
    })
    armed = true
    await expect(dying.runUpkeep()).rejects.toThrow(Ended)
    armed = false
    await store.memory().add(`after ${point}`, { actor: 'user' })
    await store.keep.runUpkeep()
    expect(await expectWholeLogs(store.database)).toMatchObject({ waiting: 0 })
    // And the one that stopped: what it remembers of the log is not what stands there now.
    await store.memory().add(`once more ${point}`, { actor: 'user' })
    await dying.runUpkeep()
    expect(await expectWholeLogs(store.database)).toMatchObject({ waiting: 0 })
  })
})

test('a log that fills tiles is right at any size of its steps', { timeout: 120_000 }, async () => {
  const memory = store.memory({ tenant: 'globex', subject: 'tiles' })
  for (let logged = 0; logged < 420; ) {
    const number = 1 + Math.floor(chance() * 90)
    for (let n = 0; n < number; n++) await memory.get('00000000-0000-0000-0000-000000000000')
    // Half of the time by a process that has to read the edge first.
    if (chance() < 0.5) await store.keep.runUpkeep()
    else {
      await using fresh = await another()
      await fresh.runUpkeep()
    }
    logged += number
  }
  await store.keep.runUpkeep()
  expect(await expectWholeLogs(store.database)).toMatchObject({ waiting: 0 })
})

test('of all checkpoints of this run each two are of one log, and a leaf of one is in the other', {
  timeout: 120_000,
}, async () => {
  const memory = store.memory({ tenant: 'globex', subject: 'often' })
  for (let n = 0; n < 60; n++) {
    await memory.get('00000000-0000-0000-0000-000000000000')
    await store.keep.sequence()
  }
  const pairs = await expectEveryPair(store.database)
  console.log(`${pairs} pairs of checkpoints`)
  expect(pairs).toBeGreaterThan(60 ** 2 / 2)
})

test('a log that was signed with another key is not gone on with', async () => {
  await store.memory().add('one more', { actor: 'user' })
  await store.database.query(`update memkeep.log set vkey = vkey || 'x' where tenant = $1`, [
    (await keyring.tenant('acme')).tag,
  ])
  await store.memory({ tenant: 'globex' }).add('beside it', { actor: 'user' })
  await expect(store.keep.runUpkeep()).rejects.toThrow('another key')
  const waiting = await store.database.query<{ tenant: Buffer }>('select distinct tenant from memkeep.pending')
  expect(waiting.map(({ tenant }) => tenant)).toEqual([(await keyring.tenant('acme')).tag])
})
