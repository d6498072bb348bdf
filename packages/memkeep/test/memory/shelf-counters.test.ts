import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Keep, Sensitivity } from '../../src/index.ts'
import { codeOf } from '../support/code-of.ts'
import { random, seed } from '../support/seed.ts'
import { TestKeep } from '../support/test-keep.ts'

let store: TestKeep
let second: Keep
beforeAll(async () => {
  store = await TestKeep.start()
  second = await store.open()
})
afterAll(() => store?.[Symbol.asyncDispose]())

const labels: readonly Sensitivity[] = ['public', 'private', 'sensitive']

/** Shelves whose counters are not what their rows say. */
const astray = () =>
  store.database.query(
    `select s.memories, s.bytes, r.memories as counted, r.bytes as summed from memkeep.shelf s
     cross join lateral (select
       (select count(*) from memkeep.memory m where (m.tenant, m.subject) = (s.tenant, s.subject)) as memories,
       (select coalesce(sum(octet_length(content) + octet_length(details) + octet_length(entry)), 0) from memkeep.memory m
          where (m.tenant, m.subject) = (s.tenant, s.subject))
       + (select coalesce(sum(octet_length(content) + octet_length(details)), 0) from memkeep.memory_version v
          where (v.tenant, v.subject) = (s.tenant, s.subject)) as bytes) r
     where (s.memories, s.bytes) is distinct from (r.memories, r.bytes)`,
  )

/** One write at random, which may be refused: by the quota, by a lost race, because nothing is there any more. */
async function act(tenant: string, number: number): Promise<string> {
  // A generator of its own: what it draws does not depend on how acts at once are interleaved.
  const next = random(seed + number)
  const below = (bound: number) => Math.floor(next() * bound)
  const oneOf = <T>(list: readonly T[]): T => list[below(list.length)]!
  const content = () => Array.from({ length: 1 + below(40) }, () => `word${below(200)}`).join(' ')
  const memory = store.memory({ tenant, subject: oneOf(['ana', 'ben']), roles: ['admin'] }, oneOf([store.keep, second]))
  const add = () => ({
    content: content(),
    actor: 'user' as const,
    sensitivity: oneOf(labels),
    tags: [oneOf(['a', 'b', 'c'])],
    ...(below(3) === 0 ? { expiresAt: new Date(store.clock.nowMs + 1 + below(5000)) } : {}),
  })
  const ids = (await memory.list({ limit: 50 })).items.map(({ id }) => id)
  const acts: Record<string, () => Promise<unknown>> = {
    add: () => memory.addMany([add()]),
    addMany: () => memory.addMany(Array.from({ length: 1 + below(6) }, add)),
    repeat: () => memory.add('the same', { actor: 'user', idempotencyKey: 'key' }),
    badSource: () => memory.add('x', { actor: 'user', derivedFrom: ['01890000-0000-7000-8000-000000000000'] }),
    update: () => memory.update(oneOf(ids), { content: content(), tags: ['d'] }, { actor: 'user' }),
    reclassify: () => memory.update(oneOf(ids), { sensitivity: oneOf(labels) }, { actor: 'user' }),
    delete: () => memory.delete(oneOf(ids)),
    deleteMany: () => memory.deleteMany({ tags: [oneOf(['a', 'b', 'c'])] }),
    sweep: async () => {
      store.clock.nowMs += below(3000)
      return store.keep.runUpkeep()
    },
  }
  const needsOne = ['update', 'reclassify', 'delete']
  const name = oneOf(Object.keys(acts).filter((each) => ids.length > 0 || !needsOne.includes(each)))
  try {
    await acts[name]!()
    return name
  } catch (error) {
    return `${name}: ${(error as { code: string }).code}`
  }
}

test('the counters of a shelf are what a recount says, after whatever was done and refused', async () => {
  console.info(`seed ${seed}`)
  await store.privileged().tenants.setQuota('acme', { memories: 20, bytes: 9000 })
  const done = new Set<string>()
  for (let round = 0; round < 80; round++) {
    // Several at once: the counters stand under the lock of their shelf.
    for (const each of await Promise.all(['acme', 'acme', 'globex'].map((tenant, n) => act(tenant, round * 3 + n))))
      done.add(each)
    expect(await astray(), `round ${round}, seed ${seed}`).toEqual([])
  }
  for (const each of ['add', 'addMany', 'update', 'reclassify', 'delete', 'deleteMany', 'sweep', 'repeat'])
    expect(done).toContain(each)
}, 120_000)

test('nor does a refusal by the quota move them, of whichever write', async () => {
  const { tenants } = store.privileged()
  await tenants.setQuota('acme', null)
  const memory = store.memory({ subject: 'cem', roles: ['admin'] })
  const user = { actor: 'user' } as const
  const { id } = await memory.add('x', user)
  await memory.update(id, { content: 'y' }, user)
  await tenants.setQuota('acme', { bytes: 1 })
  const writes = [
    () => memory.add('z', user),
    () => memory.addMany([1, 2, 3].map(() => ({ content: 'z', ...user }))),
    () => memory.update(id, { content: 'z' }, user),
    () => memory.update(id, { sensitivity: 'sensitive' }, user),
    () => store.memory({ subject: 'new' }).add('z', user),
  ]
  for (const write of writes) expect(await codeOf(write())).toBe('ERR_QUOTA_EXCEEDED')
  expect(await astray()).toEqual([])
})

test('and a counter that is off by one byte is found', async () => {
  await store
    .memory({})
    .add('x', { actor: 'user' })
    .catch(() => {})
  await store.database.query('update memkeep.shelf set bytes = bytes + 1')
  expect(await astray()).not.toEqual([])
})
