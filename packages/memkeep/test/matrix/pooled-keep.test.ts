import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { freshDatabase } from '../../../../test/database.ts'
import type { Keep, ScopedMemory } from '../../src/index.ts'
import { sequences } from '../invariants/operations.ts'
import { bothRuns } from '../invariants/two-runs.ts'
import { expectConsistent } from '../invariants/whole-store.ts'
import { countedIds } from '../support/counted-ids.ts'
import { HandClock } from '../support/hand-clock.ts'
import { amount, random, seed } from '../support/seed.ts'
import { TestKeep } from '../support/test-keep.ts'
import { documentedSettings, PgBouncer, pgBouncerName, pgBouncerVersion } from './pgbouncer.ts'

const user = { actor: 'user' } as const
const servers = 3

describe.skipIf(pgBouncerVersion === null)(`the library through ${pgBouncerName}`, () => {
  let bouncer: PgBouncer
  let store: TestKeep
  beforeAll(async () => {
    console.log(`pooled: MEMKEEP_TEST_SEED=${seed}`)
    const database = await freshDatabase()
    const limits = { default_pool_size: servers, query_wait_timeout: 1 }
    bouncer = await PgBouncer.before(database.app, { settings: { ...documentedSettings(), ...limits } })
    store = await TestKeep.start({}, bouncer.throughBoth(database))
  })
  afterAll(async () => {
    await store?.[Symbol.asyncDispose]()
    await bouncer?.stop()
  })

  /** One more process, as far as memory and connections go. */
  async function open(max = 6): Promise<Keep> {
    const keep = await store.open({ database: { ...store.database.app, max } })
    onTestFinished(() => keep.close())
    return keep
  }

  async function contentsOf(memory: ScopedMemory): Promise<string[]> {
    const contents: string[] = []
    for (let cursor: string | null = null; ; ) {
      const page: Awaited<ReturnType<ScopedMemory['list']>> = await memory.list({
        limit: 100,
        ...(cursor === null ? {} : { cursor }),
      })
      contents.push(...page.items.map(({ content }) => content))
      if (page.nextCursor === null) return contents.sort()
      cursor = page.nextCursor
    }
  }

  test('many clients over three connections: everybody finds what is theirs, and nothing else', async () => {
    const people = ['acme', 'globex'].flatMap((tenant) => ['ana', 'bo', 'chi'].map((subject) => ({ tenant, subject })))
    const said = people.map(() => [] as { id: string; content: string }[])
    const keeps = await Promise.all(Array.from({ length: 3 }, () => open()))
    const chance = random()
    let spoken = 0
    const lane = async (keep: Keep, place: number) => {
      const [mine, person] = [said[place]!, people[place]!]
      const memory = store.memory(person, keep)
      const own = `${person.tenant} ${person.subject}`
      for (let call = 0; call < 8; call++) {
        // No two alike: what a person says again is stored once.
        const content = `${own} said ${spoken++} over tea`
        const { id } = await memory.add(content, user)
        mine.push({ id, content })
        const { memories } = await memory.search('tea', { limit: 100 })
        for (const found of memories) expect(found.content.startsWith(`${own} said `)).toBe(true)
        expect(memories.map((found) => found.id)).toContain(id)
        const other = Math.floor(chance() * people.length)
        const asked = said[other]!.at(-1)
        if (asked !== undefined)
          expect((await memory.get(asked.id))?.content).toBe(other === place ? asked.content : undefined)
      }
    }
    let most = { clients: 0, servers: 0 }
    let going = true
    const watch = async () => {
      for (; going; await sleep(20)) {
        const { clients, servers } = await bouncer.pool(store.database.app)
        most = { clients: Math.max(most.clients, clients), servers: Math.max(most.servers, servers) }
      }
    }
    const watching = watch()
    try {
      await Promise.all(keeps.flatMap((keep) => people.map((_, place) => lane(keep, place))))
    } finally {
      going = false
      await watching
    }
    expect(most.clients).toBeGreaterThan(2 * servers)
    expect(most.servers).toBe(servers)
    for (const [place, person] of people.entries()) {
      expect(await contentsOf(store.memory(person))).toEqual(said[place]!.map(({ content }) => content).sort())
    }
  })

  const total = amount('MEMKEEP_POOLED_SEQUENCES', 120)
  test(`no neighbour shows in what a tenant is told, in ${total} sequences`, { timeout: 600_000 }, async () => {
    await using apart = await TestKeep.start({}, bouncer.throughBoth(await freshDatabase()))
    const lanes = Array.from({ length: 4 }, async (_, number) => {
      const tenants = { A: `A ${number}`, B: `B ${number}` }
      for (const tenant of Object.values(tenants)) await apart.createTenant(tenant)
      const clock = new HandClock()
      const seams = { clock, ids: countedIds(number + 1) }
      const keep = await apart.open({ database: { ...apart.database.app, max: 2 }, seams })
      const lane = { keep, clock, tenants, runs: 0 }
      const property = fc.asyncProperty(sequences, async (sequence) => {
        const [first, second] = await bothRuns(lane, sequence)
        expect(second).toEqual(first)
      })
      await fc.assert(property, { numRuns: Math.ceil(total / 4), seed: seed + number })
    })
    await Promise.all(lanes)
  })

  /** Adds from several writers while `disturb` runs. What was acknowledged stands there once, and little else does. */
  async function underLoad(subject: string, disturb: () => Promise<void>): Promise<void> {
    const keep = await open()
    const memory = store.memory({ subject }, keep)
    const [stored, refused]: [string[], unknown[]] = [[], []]
    let going = true
    const writers = Array.from({ length: 6 }, async (_, writer) => {
      for (let number = 0; going; number++) {
        const content = `writer ${writer} number ${number}`
        await memory.add(content, user).then(
          () => stored.push(content),
          (error) => refused.push(error),
        )
      }
    })
    await disturb()
    const before = stored.length
    for (const giveUpAt = Date.now() + 20_000; stored.length < before + 6 && Date.now() < giveUpAt; ) await sleep(20)
    going = false
    await Promise.all(writers)
    expect(stored.length, 'adds after the disturbance').toBeGreaterThanOrEqual(before + 6)
    for (const error of refused) expect(error).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE', retryable: true })
    const there = await contentsOf(memory)
    expect(new Set(there).size).toBe(there.length)
    expect(there).toEqual(expect.arrayContaining(stored))
    expect(there.length - stored.length).toBeLessThanOrEqual(refused.length)
    await expectConsistent(store.database)
  }

  test('the server ends sessions under load: nothing is lost, nothing stands there twice', async () => {
    await underLoad('ended', async () => {
      for (let round = 0; round < 6; round++) {
        await sleep(200)
        const ended = await store.database.query(
          "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'memkeep_app' and datname = current_database()",
        )
        expect(ended.length).toBeGreaterThan(0)
      }
    })
  })

  test('PgBouncer is killed and started again under load', async () => {
    await underLoad('killed', async () => {
      for (let round = 0; round < 3; round++) {
        await sleep(200)
        await bouncer.kill()
        await sleep(200)
        await bouncer.start()
      }
    })
  })

  test('somebody sits on every connection for longer than PgBouncer lets clients wait', async () => {
    await underLoad('held up', async () => {
      const sitting = Array.from({ length: servers }, () => new pg.Client(store.database.app))
      for (const client of sitting) {
        await client.connect()
        // Each has to wait for its turn among the writers; who has one keeps it.
        await client.query('begin')
      }
      await sleep(2_500)
      for (const client of sitting) await client.end()
    })
    expect(bouncer.log()).toContain('query_wait_timeout')
  })
})
