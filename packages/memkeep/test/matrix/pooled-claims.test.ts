import type { Socket } from 'node:net'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import {
  AttackedKeep,
  attempt,
  claims,
  commonShelf,
  foreign,
  marker,
  neighbour,
  own,
  subject,
} from '../attacks/attacked-keep.ts'
import { hexLiteral, plantInjections } from '../attacks/injection.ts'
import { random, seed } from '../support/seed.ts'
import { PgBouncer, pgBouncerName, pgBouncerVersion } from './pgbouncer.ts'

// In transaction mode many clients share one session of the server, one transaction after the other.

const everyMemory = "select encode(content, 'escape') from memkeep.memory"
// In a transaction with an id, as a call's is: without one there is no ticket that could be the right one.
const forgetful = `do 'begin perform pg_current_xact_id(); end';
  select * from memkeep.forgetful_memkeep_door(null, null, null, $q$${everyMemory}$q$, null)`
const victimRows = [commonShelf, subject]
  .flatMap((shelf) => [0, 1, 2].map((label) => marker(foreign, shelf, label)))
  .sort()

/** The walls between one transaction's claims and the next, and what stands where one was taken away. */
const walls: Record<string, [guard: string, wall: string | RegExp, hole: string]> = {
  'claims end with the transaction': [
    'open_token',
    "set_config('memkeep.claims', encode(held, 'hex'), true)",
    "set_config('memkeep.claims', encode(held, 'hex'), false)",
  ],
  'claims are good for one statement': ['open_claims', /if int8send\(currval[\s\S]*?then/, 'if true then'],
}

/** A keep behind a PgBouncer, some of its walls taken away. */
class PooledKeep {
  readonly #bouncer: PgBouncer
  readonly keep: AttackedKeep

  private constructor(keep: AttackedKeep, bouncer: PgBouncer) {
    this.keep = keep
    this.#bouncer = bouncer
  }

  static async start(servers: number, without: readonly string[] = []): Promise<PooledKeep> {
    const keep = await AttackedKeep.start()
    await plantInjections(keep)
    for (const wall of without) await keep.tearDown(...walls[wall]!)
    const bouncer = await PgBouncer.before(keep.database.app, { settings: { default_pool_size: servers } })
    return new PooledKeep(keep, bouncer)
  }

  connect(): Promise<pg.Client> {
    return this.keep.connect(this.#bouncer.through(this.keep.database.app))
  }

  async stop(): Promise<void> {
    await this.keep.stop()
    await this.#bouncer.stop()
  }
}

/** One memory load of the victim's tenant, under a token of its own. */
function load(of: AttackedKeep): string {
  const token = of.token('load', claims({ tenant: foreign }))
  return `select convert_from(entry, 'UTF8') from memkeep.load(${hexLiteral(foreign)}, ${hexLiteral(token)}, ${hexLiteral(subject)},
    0, '00000000-0000-0000-0000-000000000000', 9, 'd') where part = 3`
}

const backend = async (client: pg.Client): Promise<number> =>
  (await client.query('select pg_backend_pid() as pid')).rows[0].pid

describe.skipIf(pgBouncerVersion === null)(`claims in sessions that ${pgBouncerName} shares`, () => {
  let whole: PooledKeep
  beforeAll(async () => {
    whole = await PooledKeep.start(1)
  })
  afterAll(() => whole?.stop())

  /** One for this test alone. */
  async function start(servers: number, without: readonly string[] = []): Promise<PooledKeep> {
    const pooled = await PooledKeep.start(servers, without)
    onTestFinished(() => pooled.stop())
    return pooled
  }

  /** What the attacker is told in the session in which the victim has just called. */
  async function afterwards(of: PooledKeep): Promise<string | string[]> {
    const [victim, attacker] = [await of.connect(), await of.connect()]
    expect(await backend(attacker)).toBe(await backend(victim))
    expect(await attempt(victim, load(of.keep))).toHaveLength(3)
    return attempt(attacker, forgetful)
  }

  test('with both walls down, the next client reads as the one before', async () => {
    const open = await start(1, Object.keys(walls))
    expect(await afterwards(open)).toEqual(victimRows)
  })

  test.each(Object.keys(walls))('that %s is enough', async (wall) => {
    const one = await start(
      1,
      Object.keys(walls).filter((each) => each !== wall),
    )
    expect(await afterwards(one)).toEqual([])
  })

  test('as it stands, the next client reads nothing', async () => {
    expect(await afterwards(whole)).toEqual([])
  })

  test('nor after a transaction that failed, was rolled back, or whose client went away', async () => {
    const attacker = await whole.connect()
    for (const end of ['select 1/0', 'rollback', 'commit'] as const) {
      const victim = await whole.connect()
      await victim.query('begin')
      expect(await attempt(victim, load(whole.keep))).toHaveLength(3)
      await attempt(victim, end)
      if (end === 'select 1/0') await victim.query('rollback')
      expect(await attempt(attacker, forgetful), end).toEqual([])
    }
    const gone = await whole.connect()
    gone.on('error', () => {})
    await gone.query('begin')
    expect(await attempt(gone, load(whole.keep))).toHaveLength(3)
    const closed = new Promise((resolve) => gone.once('end', resolve))
    ;(gone as unknown as { connection: { stream: Socket } }).connection.stream.destroy()
    await closed
    expect(await attempt(attacker, forgetful)).toEqual([])
  })

  test('claims that another left in the session do not become those of a call', async () => {
    const [victim, attacker] = [await whole.connect(), await whole.connect()]
    const token = whole.keep.token('load', claims({ tenant: own }))
    for (const planted of [token.toString('hex'), 'no hexadecimal', '00'.repeat(200)]) {
      await attacker.query("select set_config('memkeep.claims', $1, false)", [planted])
      const rows = [0, 1, 2].map((label) => marker(foreign, subject, label))
      expect(await attempt(victim, load(whole.keep)), planted).toEqual(rows)
    }
    await attacker.query('reset memkeep.claims')
  })

  test(`calls of many clients over two sessions bring each its own (seed ${seed})`, async () => {
    const shared = await start(2)
    const chance = random()
    const pick = <T>(list: readonly T[]): T => list[Math.floor(chance() * list.length)]!
    const seen = new Set<number>()
    const clients = await Promise.all(Array.from({ length: 8 }, () => shared.connect()))
    const calls = clients.map(async (client) => {
      for (let call = 0; call < 60; call++) {
        const [tenant, shelf, clearance] = [
          pick([own, foreign]),
          pick([subject, neighbour]),
          1 + Math.floor(chance() * 7),
        ]
        const token = shared.keep.token('load', claims({ tenant, shelf, clearance }))
        const { rows } = await client.query(
          `select pg_backend_pid() as pid, convert_from(entry, 'UTF8') as entry
           from memkeep.load($1, $2, $3, 0, '00000000-0000-0000-0000-000000000000', 9, 'd') where part = 3 order by 2`,
          [tenant, token, shelf],
        )
        for (const { pid } of rows) seen.add(pid)
        const labels = [0, 1, 2].filter((label) => clearance & (1 << label))
        expect(rows.map(({ entry }) => entry)).toEqual(labels.map((label) => marker(tenant, shelf, label)))
      }
    })
    await Promise.all(calls)
    expect(seen.size).toBe(2)
  })
})
