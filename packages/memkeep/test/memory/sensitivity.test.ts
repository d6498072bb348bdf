import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Keep, Sensitivity } from '../../src/index.ts'
import { codeOf } from '../support/code-of.ts'
import { TestKeep } from '../support/test-keep.ts'

let store: TestKeep
let second: Keep
beforeAll(async () => {
  store = await TestKeep.start()
  second = await store.open()
})
afterAll(() => store?.[Symbol.asyncDispose]())

const user = { actor: 'user' } as const
const every: readonly Sensitivity[] = ['public', 'private', 'sensitive']
let count = 0
const fresh = () => `subject ${++count}`
type Reading = Pick<ReturnType<TestKeep['memory']>, 'search' | 'list' | 'get' | 'history'>
/** Everything a memory can be seen through: one sighting for each. */
async function sightings(memory: Reading, id: string, word: string): Promise<number[]> {
  return [
    (await memory.search(word)).memories.filter((found) => found.id === id).length,
    (await memory.list({ limit: 100 })).items.filter((found) => found.id === id).length,
    (await memory.get(id)) === null ? 0 : 1,
    Math.min(1, (await memory.history(id)).length),
  ]
}
const seen = [1, 1, 1, 1]
const unseen = [0, 0, 0, 0]

test.each([
  ['agent', ['public', 'private']],
  ['admin', ['public', 'private', 'sensitive']],
  ['export', ['public']],
] as const)('the role %s reads %j', async (role, reads) => {
  const subject = fresh()
  const writer = store.memory({ subject, roles: ['admin'] })
  for (const sensitivity of every) {
    const { id } = await writer.add('marker', { ...user, sensitivity })
    const reader = store.memory({ subject, roles: [role] })
    expect(await sightings(reader, id, 'marker')).toEqual(
      (reads as readonly string[]).includes(sensitivity) ? seen : unseen,
    )
  }
})

test('an agent writes up and does not read it back, nor changes, deletes or derives from it', async () => {
  const subject = fresh()
  const agent = store.memory({ subject })
  const { id } = await agent.add('diagnosis', { ...user, sensitivity: 'sensitive' })
  expect(await sightings(agent, id, 'diagnosis')).toEqual(unseen)
  expect(await agent.update(id, { content: 'overwritten' }, user)).toBeNull()
  expect(await agent.delete(id)).toBe(false)
  expect(await agent.deleteMany({ all: true })).toEqual({ deleted: 0 })
  const admin = store.memory({ subject, roles: ['admin'] })
  expect(await sightings(admin, id, 'diagnosis')).toEqual(seen)
  expect((await admin.get(id))?.content).toBe('diagnosis')
})

test('a hidden memory changes no score that an agent sees', async () => {
  const [one, other] = [fresh(), fresh()]
  for (const subject of [one, other]) {
    await store.memory({ subject }).add('the cat sat', user)
    await store.memory({ subject }).add('the dog ran far away', user)
  }
  await store.memory({ subject: other }).add('cat cat cat', { ...user, sensitivity: 'sensitive' })
  const scores = async (subject: string, keep: Keep) =>
    (await store.memory({ subject }, keep).search('cat dog')).memories.map(({ content, score }) => [content, score])
  for (const keep of [store.keep, second]) expect(await scores(other, keep)).toEqual(await scores(one, keep))
})

test('raising takes every version out of sight, also from a shelf that another process holds', async () => {
  const subject = fresh()
  const [agent, stale] = [store.memory({ subject }), store.memory({ subject }, second)]
  const [admin, staleAdmin] = [
    store.memory({ subject, roles: ['admin'] }),
    store.memory({ subject, roles: ['admin'] }, second),
  ]
  const { id } = await agent.add('salary one', user)
  await agent.update(id, { content: 'salary two' }, user)
  for (const memory of [agent, stale, admin, staleAdmin]) expect(await sightings(memory, id, 'salary')).toEqual(seen)
  expect(await agent.update(id, { sensitivity: 'sensitive' }, user)).toMatchObject({ version: 3 })
  for (const memory of [agent, stale]) expect(await sightings(memory, id, 'salary')).toEqual(unseen)
  for (const memory of [admin, staleAdmin]) {
    expect(await sightings(memory, id, 'salary')).toEqual(seen)
    const versions = await memory.history(id)
    expect(versions.map(({ version, content, sensitivity }) => [version, content, sensitivity])).toEqual([
      [3, 'salary two', 'sensitive'],
      [2, 'salary two', 'sensitive'],
      [1, 'salary one', 'sensitive'],
    ])
  }
  const [row] = await store.database.query<{ n: number }>(
    'select count(*)::int as n from memkeep.memory_version where id = $1 and sensitivity <> 2',
    [id],
  )
  expect(row!.n).toBe(0)
})

test('lowering needs the right to reclassify, and brings every version back into sight', async () => {
  const subject = fresh()
  const [agent, stale] = [store.memory({ subject }), store.memory({ subject }, second)]
  const admin = store.memory({ subject, roles: ['admin'] })
  const { id } = await admin.add('plan one', { ...user, sensitivity: 'sensitive' })
  await admin.update(id, { content: 'plan two' }, user)
  for (const memory of [agent, stale]) expect(await sightings(memory, id, 'plan')).toEqual(unseen)
  const { id: own } = await agent.add('own', user)
  expect(await codeOf(agent.update(own, { sensitivity: 'public' }, user))).toBe('ERR_ACCESS_DENIED')
  expect((await agent.get(own))?.sensitivity).toBe('private')
  await admin.update(id, { sensitivity: 'private' }, user)
  for (const memory of [agent, stale]) {
    expect(await sightings(memory, id, 'plan')).toEqual(seen)
    expect((await memory.history(id)).map(({ content }) => content)).toEqual(['plan two', 'plan two', 'plan one'])
  }
  expect(
    await store.memory({ subject, rights: ['reclassify'] }).update(own, { sensitivity: 'public' }, user),
  ).toMatchObject({
    version: 2,
  })
  expect(await sightings(store.memory({ subject, roles: ['export'] }), own, 'own')).toEqual(seen)
})

test('up and down again, with a shelf that slept through it', async () => {
  const subject = fresh()
  const stale = store.memory({ subject }, second)
  const admin = store.memory({ subject, roles: ['admin'] })
  const { id } = await admin.add('pendulum', user)
  await stale.search('pendulum')
  for (const sensitivity of ['sensitive', 'public', 'sensitive', 'private'] as const)
    await admin.update(id, { sensitivity }, user)
  expect(await sightings(stale, id, 'pendulum')).toEqual(seen)
  for (const sensitivity of ['public', 'sensitive'] as const) await admin.update(id, { sensitivity }, user)
  expect(await sightings(stale, id, 'pendulum')).toEqual(unseen)
  expect(await admin.history(id)).toHaveLength(7)
})

test('reclassifying is an event of its own', async () => {
  const subject = fresh()
  const admin = store.memory({ subject, roles: ['admin'] })
  const { id } = await admin.add('x', user)
  await admin.update(id, { content: 'y', sensitivity: 'private' }, user)
  await admin.update(id, { sensitivity: 'sensitive' }, user)
  expect(
    await codeOf(
      store.memory({ subject, roles: ['admin'] }).update(id, { sensitivity: 'public' }, { actor: 'system' }),
    ),
  ).toBe('ERR_ACCESS_DENIED')
  const rows = await store.database.query<{ action: string; outcome: string }>(
    "select action, outcome from memkeep.event where $1 = any (memories) and action in ('memory.update', 'memory.reclassify') order by recorded_at",
    [id],
  )
  expect(rows.map(({ action, outcome }) => `${action} ${outcome}`)).toEqual([
    'memory.update ok',
    'memory.reclassify ok',
    'memory.update denied',
  ])
})

test('a role without the write right or the label writes nothing', async () => {
  const subject = fresh()
  const reader = store.memory({ subject, roles: ['export'] })
  const none = store.memory({ subject, roles: ['unknown role', '__proto__', 'constructor', 'toString'] })
  for (const memory of [reader, none]) {
    expect(await codeOf(memory.add('x', { ...user, sensitivity: 'public' }))).toBe('ERR_ACCESS_DENIED')
    expect(await codeOf(memory.deleteMany({ all: true }))).toBe('ERR_ACCESS_DENIED')
  }
  expect(await codeOf(none.list())).toBe('ERR_ACCESS_DENIED')
  expect(await codeOf(none.search('x'))).toBe('ERR_ACCESS_DENIED')
  expect(await codeOf(none.get('01890000-0000-7000-8000-000000000000'))).toBe('ERR_ACCESS_DENIED')
})

test('a search or a list asks for some of what its role reads, and never gets more', async () => {
  const subject = fresh()
  const admin = store.memory({ subject, roles: ['admin'] })
  for (const sensitivity of every) await admin.add(`marker ${sensitivity}`, { ...user, sensitivity })
  const asked = async (memory: Reading, sensitivity: readonly Sensitivity[]) => {
    const found = (await memory.search('marker', { sensitivity })).memories.map((each) => each.sensitivity).sort()
    const listed = (await memory.list({ sensitivity })).items.map((each) => each.sensitivity).sort()
    expect(listed).toEqual(found)
    return found
  }
  expect(await asked(admin, ['sensitive', 'public'])).toEqual(['public', 'sensitive'])
  expect(await asked(admin, [])).toEqual([])
  const agent = store.memory({ subject })
  expect(await asked(agent, ['sensitive', 'private'])).toEqual(['private'])
  expect(await asked(agent, ['sensitive'])).toEqual([])
})
