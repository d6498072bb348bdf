import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CacheStore } from '../../src/cache/cache-store.ts'
import { redisCache } from '../../src/cache/drivers/redis.ts'
import { inProcessCache } from '../../src/cache/in-process.ts'
import type { Keep } from '../../src/index.ts'
import { codeOf } from '../support/code-of.ts'
import { adminOf, finished } from '../support/erasing.ts'
import { RedisServer, redisName, redisVersion } from '../support/redis-server.ts'
import { type Asking, TestKeep } from '../support/test-keep.ts'

const sentinel = 'FROTZ-5150'
let store: TestKeep
let subjects = 0
const fresh = () => `c${subjects++}`

describe.each([
  ['in process', false],
  [redisName, true],
] as const)('%s', (_, onRedis) => {
  let redis: RedisServer | null = null
  /** A second process, as far as memory goes. */
  let other: Keep
  const skip = onRedis && redisVersion === null

  beforeAll(async () => {
    if (skip) return
    redis = onRedis ? await RedisServer.start() : null
    const cache = () => (redis === null ? {} : { cache: redisCache({ url: redis.url, timeoutMs: 5_000 }) })
    store = await TestKeep.start(cache())
    other = await store.open(cache())
  })
  afterAll(async () => {
    if (skip) return
    await store[Symbol.asyncDispose]()
    await redis?.[Symbol.asyncDispose]()
  })
  const cacheOf = (asking: Asking, keep: Keep = store.keep) => store.memory(asking, keep).cache

  test.skipIf(skip)('brings back what was set, until its time is over', async () => {
    const cache = cacheOf({ subject: fresh() })
    expect(await cache.get('k')).toBeNull()
    const value = { answer: ['window', 1, null, true], µ: { deep: 'ü' } }
    expect(await cache.set('k', value, { ttlSeconds: 60 })).toBe(true)
    expect(await cache.get('k')).toEqual(value)
    expect(await cache.set('k', 'newer')).toBe(true)
    expect(await cache.get('k')).toBe('newer')
    store.clock.advance(3_600_001)
    expect(await cache.get('k')).toBeNull()
    expect(await cache.delete('k')).toBe(true)
    expect(await cache.delete('k')).toBe(false)
  })

  test.skipIf(skip)('no two scopes share an entry', async () => {
    const [ana, bob] = [fresh(), fresh()]
    const admin = { roles: ['admin'] }
    const scopes: Asking[] = [
      { subject: ana },
      { subject: bob },
      { subject: ana, tenant: 'globex' },
      { subject: ana, ...admin },
      { subject: ana, agent: 'travel' },
      { subject: ana, session: 's1' },
      { subject: ana, agent: 's1' },
    ]
    for (const [n, scope] of scopes.entries()) {
      expect(await cacheOf(scope).get('k'), `${n}`).toBeNull()
      await cacheOf(scope).set('k', n)
    }
    await store.common(admin).cache.set('k', 'common')
    for (const [n, scope] of scopes.entries()) expect(await cacheOf(scope).get('k')).toBe(n)
    expect(await store.common(admin).cache.get('k')).toBe('common')
    // Another principal with the same sight has the same.
    expect(await cacheOf({ subject: ana, principal: 'another' }).get('k')).toBe(0)
  })

  test.skipIf(skip)('a value goes with its sources, in every process at once', async () => {
    const subject = fresh()
    const memory = store.memory({ subject })
    const { id } = await memory.add(sentinel, { actor: 'user' })
    const kept = (await memory.add('tea', { actor: 'user' })).id
    await memory.cache.set('one', sentinel, { derivedFrom: [id, kept] })
    await memory.cache.set('two', 'tea', { derivedFrom: [kept] })
    if (onRedis) expect(await cacheOf({ subject }, other).get('one')).toBe(sentinel)
    await cacheOf({ subject }, other).set('three', sentinel, { derivedFrom: [id] })
    await memory.delete(id)
    for (const keep of [store.keep, other]) {
      expect(await cacheOf({ subject }, keep).get('one')).toBeNull()
      expect(await cacheOf({ subject }, keep).get('three')).toBeNull()
    }
    expect(await memory.cache.get('two')).toBe('tea')
    expect(await codeOf(memory.cache.set('four', 1, { derivedFrom: [id] }))).toBe('ERR_INPUT_INVALID')
    expect(await memory.cache.get('four')).toBeNull()
  })

  test.skipIf(skip)('what the common shelf keeps of an erased subject is gone from where it lies', async () => {
    const [ana, bob] = [fresh(), fresh()]
    const ids = await Promise.all(
      [ana, bob].map(async (subject) => (await store.memory({ subject }).add('tea', { actor: 'user' })).id),
    )
    const keys: string[] = []
    const lies =
      redis === null ? inProcessCache({ clock: store.clock }) : redisCache({ url: redis.url, timeoutMs: 5_000 })
    const seen: CacheStore = {
      name: lies.name,
      get: (key) => lies.get(key),
      set: (key, value, ttlMs) => {
        keys.push(key)
        return lies.set(key, value, ttlMs)
      },
      delete: (gone) => lies.delete(gone),
      close: () => lies.close(),
    }
    await using keep = await store.open({ cache: seen })
    await store.common({ roles: ['admin'] }, keep).cache.set('k', sentinel, { ttlSeconds: 86_400, derivedFrom: ids })
    expect(await lies.get(keys[0]!)).not.toBeNull()
    await finished(store, await keep.eraseSubject(adminOf(ana), { reason: 'request' }))
    expect(await lies.get(keys[0]!)).toBeNull()
    expect(await store.database.query('select * from memkeep.unlearned')).toEqual([])
  })

  test.skipIf(skip)(
    'an erased epoch is never hit again, in no process, nor after the subject was opened anew',
    async () => {
      const subject = fresh()
      await store.memory({ subject }).add('x', { actor: 'user' })
      for (const keep of [store.keep, other]) await cacheOf({ subject }, keep).set('k', sentinel)
      await finished(store, await store.keep.eraseSubject(adminOf(subject), { reason: 'request' }))
      for (const keep of [store.keep, other]) {
        expect(
          await codeOf(
            cacheOf({ subject }, keep)
              .get('k')
              .then((value) => expect(value).toBeNull()),
          ),
        ).toMatch(/none|ERR_(SCOPE_BARRED|KEY_DESTROYED)/)
        expect(await codeOf(cacheOf({ subject }, keep).set('k', 'late'))).toMatch(/^ERR_(SCOPE_BARRED|KEY_DESTROYED)$/)
      }
      await store.keep.runUpkeep()
      // What nobody can read any more is not kept either.
      if (redis !== null) expect(await redis.client.keys('*').then((keys) => keys.length)).toBe(await registered())
      expect(await store.database.query('select * from memkeep.unlearned')).toEqual([])
      await store.privileged().tenants.reopen('acme', { subject })
      for (const keep of [store.keep, other]) expect(await cacheOf({ subject }, keep).get('k')).toBeNull()
      await cacheOf({ subject }).set('k', 'anew')
      expect(await cacheOf({ subject }).get('k')).toBe('anew')
    },
  )

  /** Entries of this database that have not expired. */
  async function registered(): Promise<number> {
    const text = 'select count(*)::int as n from memkeep.artifact where place = 1'
    const [row] = await store.database.query<{ n: number }>(text)
    return row!.n
  }

  test.skipIf(skip)('hits are in the ledger, with whom and no key; a miss leaves nothing', async () => {
    const subject = fresh()
    const cache = cacheOf({ subject })
    const events = async () =>
      (
        await store.database.query(
          "select action, outcome from memkeep.event where action like 'cache.%' and subject is not null order by recorded_at",
        )
      ).length
    await cache.set('k', sentinel)
    const before = await events()
    await cache.get('absent')
    expect(await events()).toBe(before)
    await cache.get('k')
    expect(await events()).toBe(before + 1)
  })

  test.skipIf(skip)('takes no rights that its caller lacks', async () => {
    const subject = fresh()
    await cacheOf({ subject }).set('k', 1)
    expect(await codeOf(cacheOf({ subject, roles: ['export'] }).set('k', 1))).toBe('ERR_ACCESS_DENIED')
    expect(await codeOf(cacheOf({ subject, roles: [] }).set('k', 1))).toBe('ERR_ACCESS_DENIED')
    expect(await codeOf(store.common().cache.set('k', 1))).toBe('ERR_ACCESS_DENIED')
  })

  test.skipIf(skip).each([
    ['an empty key', '', 1, {}],
    ['a value that is no JSON', 'k', undefined, {}],
    ['no time', 'k', 1, { ttlSeconds: 0 }],
    ['too long a time', 'k', 1, { ttlSeconds: 2_592_001 }],
    ['an unknown option', 'k', 1, { ttl: 1 }],
  ])('%s is refused', async (_, key, value, options) => {
    expect(await codeOf(cacheOf({ subject: fresh() }).set(key, value as never, options as object))).toBe(
      'ERR_INPUT_INVALID',
    )
  })

  test.skipIf(skip)('what expired leaves the registry with upkeep', async () => {
    await cacheOf({ subject: fresh() }).set('k', 1, { ttlSeconds: 1 })
    store.clock.advance(4_000_000)
    await store.keep.runUpkeep()
    expect(await registered()).toBe(0)
  })
})

describe.skipIf(redisVersion === null)('Redis in other hands', () => {
  let redis: RedisServer
  let keep: TestKeep
  beforeAll(async () => {
    redis = await RedisServer.start()
    keep = await TestKeep.start({ cache: redisCache({ url: redis.url, timeoutMs: 5_000 }) })
  })
  afterAll(async () => {
    await keep[Symbol.asyncDispose]()
    await redis[Symbol.asyncDispose]()
  })
  const ana = () => keep.memory({ subject: 'ana' }).cache
  const bob = () => keep.memory({ subject: 'bob' }).cache
  /** The Redis key and the bytes of what a scope has just set. */
  const stored = async (set: () => Promise<unknown>) => {
    const before = await redis.client.keys('*')
    await set()
    const [name] = (await redis.client.keys('*')).filter((key) => !before.includes(key))
    return {
      name: name!,
      bytes: await redis.client.sendCommand<string>(['DUMP', name!], { typeMapping: { 36: Buffer } }),
    }
  }
  const put = (name: string, bytes: unknown) =>
    redis.client.sendCommand(['RESTORE', name, '0', bytes as Buffer, 'REPLACE'])

  test('a cache without scopes in its keys serves one subject’s answer to another', async () => {
    await redis.client.set('naive:where does she sit?', 'ana sits at the window')
    expect(await redis.client.get('naive:where does she sit?')).toContain('ana')
  })

  test('shows neither content, nor key, nor whose it is', async () => {
    await ana().set('where does she sit?', sentinel)
    for (const name of await redis.client.keys('memkeep:cache:*')) {
      const text = `${name} ${await redis.client.get(name)}`
      for (const said of [sentinel, 'ana', 'acme', 'where']) expect(text).not.toContain(said)
    }
  })

  test('values swapped between scopes, and between keys of one, are misses', async () => {
    const a = await stored(() => ana().set('swapped', 'of ana'))
    const b = await stored(() => bob().set('swapped', 'of bob'))
    const c = await stored(() => ana().set('another', 'also of ana'))
    await put(b.name, a.bytes)
    await put(a.name, c.bytes)
    expect(await bob().get('swapped')).toBeNull()
    expect(await ana().get('swapped')).toBeNull()
    expect(await ana().get('another')).toBe('also of ana')
  })

  test.each([
    ['another subject', () => bob()],
    ['the same scope, under another key,', () => ana()],
  ])('with the registry forged too, one does not open in the place of that of %s', async (whose, to) => {
    const a = await stored(() => ana().set(`forged for ${whose}`, 'of ana'))
    const b = await stored(() => to().set(`in place of ${whose}`, 'another'))
    await put(b.name, a.bytes)
    const text = `update memkeep.artifact set content = (select content from memkeep.artifact where id = $1::uuid) where id = $2::uuid`
    const id = ({ name }: { name: string }) => name.slice('memkeep:cache:'.length)
    await keep.database.query(text, [id(a), id(b)])
    expect(await codeOf(to().get(`in place of ${whose}`))).toBe('ERR_SEAL_BROKEN')
  })

  test('an older value put back is a miss; with the registry turned back as well, it is served', async () => {
    const old = await stored(() => ana().set('turned', 'old'))
    const rows = () =>
      keep.database.query<{ content: Buffer }>('select content from memkeep.artifact where id = $1::uuid', [
        old.name.slice(14),
      ])
    const [before] = await rows()
    await ana().set('turned', 'new')
    await put(old.name, old.bytes)
    expect(await ana().get('turned')).toBeNull()
    await keep.database.query('update memkeep.artifact set content = $1 where id = $2::uuid', [
      before!.content,
      old.name.slice(14),
    ])
    expect(await ana().get('turned')).toBe('old')
  })

  test('planted keys are misses', async () => {
    const real = await stored(() => ana().set('real', 'of ana'))
    await put(`memkeep:cache:${'0'.repeat(32)}`, real.bytes)
    await redis.client.set(real.name, 'planted')
    expect(await ana().get('real')).toBeNull()
    expect(await bob().get('real')).toBeNull()
  })

  test('a Redis that is gone is a cache that holds nothing; an erasure waits for it', async () => {
    await keep.memory({ subject: 'cleo' }).add('x', { actor: 'user' })
    await keep.memory({ subject: 'cleo' }).cache.set('k', sentinel)
    await redis.client.sendCommand(['CLIENT', 'PAUSE', '100000'])
    await redis.kill()
    expect(await ana().get('where does she sit?')).toBeNull()
    expect(await ana().set('k', 1)).toBe(false)
    const erasure = await keep.keep.eraseSubject(adminOf('cleo'), { reason: 'request' })
    expect(await codeOf(erasure.done)).toBe('ERR_ERASURE_INCOMPLETE')
  })
})
