import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Actor, Keep, ScopedMemory, Trust } from '../../src/index.ts'
import { codeOf, codesOf } from '../support/code-of.ts'
import { type Asking, TestKeep } from '../support/test-keep.ts'

// What a memory came from decides what it is trusted, for as long as it stands.

let store: TestKeep
let second: Keep
beforeAll(async () => {
  store = await TestKeep.start({ tools: { calendar: 'agent', weather: 'user' } })
  second = await store.open()
})
afterAll(() => store?.[Symbol.asyncDispose]())

let count = 0
const every: readonly Actor[] = ['user', 'agent', 'system', 'tool']
const asking = (over = {}) => ({ subject: `subject ${++count}`, roles: ['admin'], actors: every, ...over })
const trustOf = async (memory: ScopedMemory, id: string): Promise<Trust | null> => (await memory.get(id))?.trust ?? null
const foundAt = async (memory: ScopedMemory, minTrust: Trust) =>
  (await memory.search('word', { minTrust, limit: 100 })).memories.map(({ content }) => content).sort()

/** first → second → third, each made from the one before. */
async function chain(memory: ScopedMemory) {
  const first = await memory.add('word first', { actor: 'system' })
  const next = await memory.add('word second', { actor: 'system', derivedFrom: [first.id] })
  const third = await memory.add('word third', { actor: 'agent', derivedFrom: [next.id] })
  return [first.id, next.id, third.id] as const
}

describe('lowered with its sources, over any number of steps and in every process', () => {
  test('when a source is deleted', async () => {
    const who = asking()
    const [memory, other] = [store.memory(who), store.memory(who, second)]
    const [first, next, third] = await chain(memory)
    expect(await foundAt(other, 'agent')).toEqual(['word first', 'word second', 'word third'])
    await memory.delete(first)
    for (const each of [memory, other]) {
      expect([await trustOf(each, next), await trustOf(each, third)]).toEqual(['external', 'external'])
      expect(await foundAt(each, 'user')).toEqual([])
      expect(await foundAt(each, 'external')).toEqual(['word second', 'word third'])
    }
  })

  test('when a source is revised by somebody who is trusted less', async () => {
    const memory = store.memory(asking())
    const [first, next, third] = await chain(memory)
    await memory.update(first, { tags: ['seen'] }, { actor: 'system' })
    expect(await trustOf(memory, next)).toBe('system')
    const answer = await memory.update(first, { content: 'word first, revised' }, { actor: 'user' })
    expect(answer?.trust).toBe('user')
    expect([await trustOf(memory, next), await trustOf(memory, third)]).toEqual(['user', 'user'])
    expect(await foundAt(memory, 'agent')).toEqual([])
  })

  test('also what stands above the clearance of whoever deletes the source', async () => {
    const who = asking()
    const admin = store.memory(who)
    const { id: source } = await admin.add('word source', { actor: 'system' })
    const above = await admin.add('word above', { actor: 'system', sensitivity: 'sensitive', derivedFrom: [source] })
    const agent = store.memory({ ...who, roles: ['agent'] })
    expect(await agent.get(above.id)).toBeNull()
    await agent.delete(source)
    expect(await trustOf(admin, above.id)).toBe('external')
  })

  test('on every shelf, when the source was a common memory', async () => {
    const common = store.common({ roles: ['admin'], actors: every })
    const { id: notice } = await common.add('word notice', { actor: 'system' })
    const [ana, bob] = [asking(), asking()]
    const made = []
    for (const who of [ana, bob]) {
      const { id } = await store.memory(who).add('word made', { actor: 'system', derivedFrom: [notice] })
      made.push(await store.memory(who).add('word further', { actor: 'agent', derivedFrom: [id] }))
    }
    expect(await foundAt(store.memory(bob, second), 'agent')).toEqual(['word further', 'word made', 'word notice'])
    await common.delete(notice)
    expect(await foundAt(store.memory(bob, second), 'user')).toEqual([])
    for (const [place, who] of [ana, bob].entries()) {
      expect(await trustOf(store.memory(who), made[place]!.id)).toBe('external')
      expect(await foundAt(store.memory(who), 'user')).toEqual([])
    }
  })

  test('through a source that has expired: expiring takes no trust, and hides no lineage', async () => {
    const memory = store.memory(asking())
    const { id: first } = await memory.add('word first', { actor: 'system' })
    const expiresAt = new Date(store.clock.nowMs + 1000)
    const { id: brief } = await memory.add('word brief', { actor: 'system', derivedFrom: [first], expiresAt })
    const { id: last } = await memory.add('word last', { actor: 'system', derivedFrom: [brief] })
    store.clock.advance(2000)
    await store.keep.runUpkeep()
    expect([await memory.get(brief), await trustOf(memory, last)]).toEqual([null, 'system'])
    await memory.delete(first)
    expect(await trustOf(memory, last)).toBe('external')
  })

  test('deleting all leaves no lineage behind', async () => {
    const who = asking({ tenant: 'globex' })
    await chain(store.memory(who))
    const rows = () =>
      store.database.query(
        'select from memkeep.lineage l join memkeep.shelf s using (tenant, subject) where s.memories = 0',
      )
    const before = (await rows()).length
    await store.memory(who).deleteMany({ all: true })
    await store.keep.runUpkeep()
    expect((await rows()).length).toBe(before)
  })
})

describe('endorse', () => {
  test('is a new version with the lineage kept, and what came from the memory keeps its own trust', async () => {
    const memory = store.memory(asking())
    const { id: tool } = await memory.add('word tool', { actor: 'tool' })
    const { id } = await memory.add('word made', { actor: 'agent', derivedFrom: [tool] })
    const { id: further } = await memory.add('word further', { actor: 'agent', derivedFrom: [id] })
    expect(await memory.endorse(id)).toMatchObject({ outcome: 'stored', id, version: 2, trust: 'agent' })
    expect(await memory.get(id)).toMatchObject({
      content: 'word made',
      trust: 'agent',
      actor: 'agent',
      derivedFrom: [tool],
    })
    expect((await memory.history(id)).map(({ version, trust }) => [version, trust])).toEqual([
      [2, 'agent'],
      [1, 'external'],
    ])
    expect(await trustOf(memory, further)).toBe('external')
    expect(await foundAt(memory, 'agent')).toEqual(['word made'])
    expect(await memory.endorse(id)).toMatchObject({ version: 2, trust: 'agent' })
    await memory.delete(tool)
    expect(await trustOf(memory, id)).toBe('external')
  })

  test('of what was trusted otherwise when it was read is refused', async () => {
    const memory = store.memory(asking())
    const { id: said } = await memory.add('word said', { actor: 'user' })
    const { id } = await memory.add('word made', { actor: 'agent', derivedFrom: [said] })
    const read = { ifVersion: 1, ifTrust: 'user' } as const
    await memory.delete(said)
    expect(await memory.get(id)).toMatchObject({ version: 1, trust: 'external' })
    expect(await codeOf(memory.endorse(id, read))).toBe('ERR_VERSION_CONFLICT')
    expect(await codeOf(memory.endorse(id, { ifTrust: 'most' as never }))).toBe('ERR_INPUT_INVALID')
    expect(await memory.endorse(id, { ...read, ifTrust: 'external' })).toMatchObject({ version: 2, trust: 'agent' })
  })

  test('needs the right, the reviewed version, and for the trust of the system that author', async () => {
    const who = asking({ actors: [] })
    const memory = store.memory(who)
    const { id } = await memory.add('word', { actor: 'user' })
    const may = { ...who, roles: ['agent'], rights: ['endorse'] as const }
    expect(await codeOf(store.memory({ ...may, rights: [] }).endorse(id))).toBe('ERR_ACCESS_DENIED')
    expect(await codeOf(store.memory(may).endorse(id, { trust: 'system' }))).toBe('ERR_ACCESS_DENIED')
    await memory.update(id, { content: 'word, exchanged meanwhile' }, { actor: 'user' })
    // Who names no version read it before it was exchanged, or after: nobody knows.
    for (const read of [{ ifVersion: 1 }, {}]) {
      expect(await codeOf(store.memory(may).endorse(id, read))).toBe('ERR_VERSION_CONFLICT')
    }
    expect(await trustOf(memory, id)).toBe('user')
    expect(await store.memory(may).endorse(id, { ifVersion: 2 })).toMatchObject({ version: 3, trust: 'agent' })
    expect(await store.memory({ ...may, actors: every }).endorse(id, { trust: 'system', ifVersion: 3 })).toMatchObject({
      trust: 'system',
    })
    expect(await store.memory({ ...who, subject: 'another' }).endorse(id)).toBeNull()
    const bad = [
      memory.endorse(id, { trust: 'external' } as never),
      memory.endorse(id, { ifVersion: 0 }),
      memory.endorse(id, { x: 1 } as never),
    ]
    expect(new Set(await codesOf(bad))).toEqual(new Set(['ERR_INPUT_INVALID']))
  })

  test('is an event of its own, refused or not', async () => {
    const who = asking()
    const { id } = await store.memory(who).add('word', { actor: 'user' })
    await codeOf(store.memory({ ...who, roles: ['agent'] }).endorse(id))
    await store.memory(who).endorse(id)
    const events = await store.database.query<{ outcome: string }>(
      "select outcome from memkeep.event where action = 'memory.endorse' and memories = array[$1::uuid] order by id",
      [id],
    )
    expect(events.map(({ outcome }) => outcome)).toEqual(['denied', 'ok'])
  })
})

describe('lineage that is not declared', () => {
  const reads: readonly [string, (memory: ScopedMemory, id: string) => Promise<unknown>][] = [
    ['search', (memory) => memory.search('word')],
    ['list', (memory) => memory.list()],
    ['get', (memory, id) => memory.get(id)],
    ['history', (memory, id) => memory.history(id)],
  ]
  /** As if it had been said there before that was held against a session: what is shown counts by itself. */
  const untold = 'delete from memkeep.recalled'

  test.each(reads)('an agent is trusted no more than the least that its session was shown, by %s', async (_, read) => {
    const who = asking({ roles: ['agent'], session: 'talk' })
    const [here, there] = [store.memory(who), store.memory(who, second)]
    const { id } = await here.add('word from a page', { actor: 'tool' })
    await store.database.query(untold)
    expect((await there.add('before', { actor: 'agent' })).trust).toBe('agent')
    await read(here, id)
    // In another process, too; and for good.
    expect((await there.add('after', { actor: 'agent' })).trust).toBe('external')
    store.clock.advance(86_400_000)
    const { id: after, trust } = await there.add('long after', { actor: 'agent' })
    expect([trust, (await there.get(after))?.trust]).toEqual(['external', 'external'])
    expect((await there.update(after, { content: 'revised' }, { actor: 'agent' }))?.trust).toBe('external')
    // Whoever names sources is trusted as they are, and what a person says comes from no memory.
    const { id: said } = await here.add('said', { actor: 'user' })
    expect((await here.add('made', { actor: 'agent', derivedFrom: [said] })).trust).toBe('user')
    // Another session was shown nothing.
    expect((await store.memory({ ...who, session: 'other' }).add('x', { actor: 'agent' })).trust).toBe('agent')
  })

  test('without a session it is the principal, on that shelf alone', async () => {
    const who = asking({ roles: ['agent'], actors: [] })
    const memory = store.memory(who)
    await memory.add('word from a page', { actor: 'tool', session: 'named' })
    await store.database.query(untold)
    expect((await memory.add('x', { actor: 'agent' })).trust).toBe('agent')
    await memory.search('word')
    expect((await memory.add('x', { actor: 'agent' })).trust).toBe('external')
    expect((await store.memory({ ...who, principal: 'another' }).add('x', { actor: 'agent' })).trust).toBe('agent')
    expect((await store.memory(asking({ roles: ['agent'] })).add('x', { actor: 'agent' })).trust).toBe('agent')
  })

  test('a session that a call names counts besides, whoever was shown something there', async () => {
    const who = asking({ roles: ['agent'], actors: [] })
    const memory = store.memory(who)
    await store.memory({ ...who, principal: 'crawler' }).add('word from a page', { actor: 'tool', session: 'named' })
    await store.memory({ ...who, principal: 'another', session: 'named' }).search('word')
    expect((await memory.add('x', { actor: 'agent', session: 'named' })).trust).toBe('external')
    expect((await memory.add('x', { actor: 'agent' })).trust).toBe('agent')
  })

  test('what was found and left out was not shown', async () => {
    const memory = store.memory(asking({ session: 's' }))
    await memory.add('word from a page', { actor: 'tool' })
    await store.database.query(untold)
    expect((await memory.search('word', { minTrust: 'user' })).memories).toEqual([])
    expect((await memory.add('x', { actor: 'agent' })).trust).toBe('agent')
  })

  test('an answer to a repeated call says the trust that was stored', async () => {
    const memory = store.memory(asking({ session: 's' }))
    await memory.add('word from a page', { actor: 'tool' })
    await memory.search('word')
    const call = () => memory.add('x', { actor: 'agent', idempotencyKey: 'once' })
    const [first, again] = [await call(), await call()]
    expect(first.trust).toBe('external')
    expect(again).toEqual(first)
  })
})

describe('what was shown long ago', () => {
  const days = 86_400_000
  /** One principal is shown a page and one a person's word; then a year goes by, in which others are shown something. */
  const waited = async (of: TestKeep, others: number) => {
    const who = asking({ roles: ['agent'] })
    const by = (principal: string) => of.memory({ ...who, principal })
    const { id } = await of.memory(who).add('a page', { actor: 'tool' })
    await of.memory(who).add('a word of hers', { actor: 'user' })
    await by('crawler').list()
    expect((await by('reader').search('word', { minTrust: 'user' })).memories).toHaveLength(1)
    for (let other = 0; other < others; other++) {
      of.clock.advance((365 * days) / others)
      await by(`other ${other}`).list()
    }
    const says = async (principal: string) => (await by(principal).add(randomUUID(), { actor: 'agent' })).trust
    return { id, trusts: [await says('crawler'), await says('reader'), await says('nobody')] }
  }

  test('is held against what is said for as long, in a few bytes; where it were forgotten, whoever waits would get above the line', async () => {
    const { id, trusts } = await waited(store, 100)
    expect(trusts).toEqual(['external', 'user', 'agent'])
    const [noted] = await store.database.query<{ rows: number; folds: number; folded: number }>(
      `select count(*)::integer as rows, count(shown_external)::integer as folds,
         sum(octet_length(shown_external || shown_user) / 8)::integer as folded from memkeep.recalled
       where subject = (select subject from memkeep.memory where id = $1)`,
      [id],
    )
    // Of some two hundred readers those of the last thirty days stand for themselves; the others in as many rows as their tags have first bytes.
    expect(noted!.folded).toBeGreaterThan(150)
    expect(noted!.rows - noted!.folds).toBeLessThan(40)

    await using forgetful = await TestKeep.start()
    const [fold] = await forgetful.database.query<{ text: string }>(
      "select pg_get_functiondef('memkeep.note_shown'::regproc) as text",
    )
    const torn = fold!.text.replace('from old o group by', 'from old o where false group by')
    expect(torn).not.toBe(fold!.text)
    await forgetful.database.query(torn)
    expect((await waited(forgetful, 20)).trusts).toEqual(['agent', 'agent', 'agent'])
  })
})

test('what a registered tool says is trusted as it was registered, and no other is', async () => {
  const memory = store.memory(asking())
  const said = (tool?: string) => memory.add('x', { actor: 'tool', ...(tool === undefined ? {} : { tool }) })
  const trusts = [
    await said('calendar'),
    await said('weather'),
    await said('page'),
    await said(),
    await said('toString'),
  ].map(({ trust }) => trust)
  expect(trusts).toEqual(['agent', 'user', 'external', 'external', 'external'])
  expect((await memory.list({ limit: 5 })).items.map(({ tool }) => tool)).toEqual([
    'toString',
    null,
    'page',
    'weather',
    'calendar',
  ])
  expect(await codeOf(memory.add('x', { actor: 'user', tool: 'calendar' }))).toBe('ERR_INPUT_INVALID')
  expect(await codeOf(store.open({ tools: { calendar: 'system' } as never }))).toBe('ERR_INPUT_INVALID')
})

test('a registered tool that is bound is one only where a principal says so that may speak as it', async () => {
  const tools = {
    calendar: { trust: 'agent', roles: ['sync'] },
    weather: { trust: 'user', principals: ['station'] },
    clock: 'user',
  } as const
  const keep = await store.open({ tools })
  const { subject } = asking()
  const trustOf = async (who: Partial<Asking>, tool: string) =>
    (await store.memory({ subject: subject!, ...who }, keep).add(`${tool} says so`, { actor: 'tool', tool })).trust
  const [agent, sync, station] = [{ roles: ['agent'] }, { roles: ['agent', 'sync'] }, { principal: 'station' }]
  expect(await trustOf(agent, 'calendar')).toBe('external')
  expect(await trustOf({ ...agent, principal: 'sync' }, 'calendar')).toBe('external')
  expect(await trustOf(sync, 'calendar')).toBe('agent')
  expect(await trustOf(station, 'calendar')).toBe('external')
  expect(await trustOf(agent, 'weather')).toBe('external')
  expect(await trustOf(station, 'weather')).toBe('user')
  expect(await trustOf(agent, 'clock')).toBe('user')
  // One that may not, in a batch with one that may: each has its own.
  const both = await store.memory({ subject: subject!, ...sync }, keep).addMany([
    { content: 'rain', actor: 'tool', tool: 'weather' },
    { content: 'a meeting', actor: 'tool', tool: 'calendar' },
  ])
  expect(both.map(({ trust }) => trust)).toEqual(['external', 'agent'])
  for (const tool of [
    { trust: 'agent' },
    { trust: 'agent', roles: [] },
    { trust: 'system', roles: ['sync'] },
    { trust: 'agent', roles: 'sync' },
    { trust: 'agent', roles: [1] },
    { trust: 'agent', roles: ['sync'], role: 'x' },
    ['agent'],
  ]) {
    expect(await codeOf(store.open({ tools: { calendar: tool } as never }))).toBe('ERR_INPUT_INVALID')
  }
})

test('a label can be lowered in the database, never raised above what it was sealed under', async () => {
  const memory = store.memory(asking(), second)
  const { id } = await memory.add('word', { actor: 'user' })
  const set = (trust: number) =>
    store.database.query('update memkeep.memory set trust = $2, shelf_version = shelf_version + 1 where id = $1', [
      id,
      trust,
    ])
  await set(2)
  expect(await codeOf(memory.get(id))).toBe('ERR_SEAL_BROKEN')
  await set(0)
  expect(await memory.get(id)).toMatchObject({ content: 'word', trust: 'external' })
  expect(await memory.update(id, { content: 'word, revised' }, { actor: 'user' })).toMatchObject({ trust: 'external' })
  expect((await memory.history(id)).map(({ trust }) => trust)).toEqual(['external', 'external'])
  // The new version was sealed under what stood there: what was lowered cannot be put back on it.
  await set(1)
  expect(await codeOf(memory.get(id))).toBe('ERR_SEAL_BROKEN')
})

test('whoever may not delete takes no trust away by a revision either, from what it revises nor from what came from that', async () => {
  const scribe = {
    reads: ['public', 'private'],
    writes: ['public', 'private'],
    rights: ['read', 'write'],
    actors: ['user', 'agent', 'tool'],
  } as const
  const who = asking()
  /** An endorsed fact, a note that came from it, and somebody who may write and not delete. */
  const told = async (on: TestKeep) => {
    const keep = await on.open({ policy: { scribe } })
    const memory = on.memory(who)
    const { id } = await memory.add('The ferry is paid in cash.', { actor: 'user' })
    await memory.endorse(id)
    const { id: made } = await memory.add('Bring cash for the ferry.', { actor: 'agent', derivedFrom: [id] })
    return { keep, memory, id, made, writer: on.memory({ ...who, roles: ['scribe'], principal: 'a scribe' }, keep) }
  }
  // With the wall torn down it does.
  await using torn = await TestKeep.start()
  const there = await told(torn)
  const [row] = await torn.database.query<{ text: string }>(
    "select pg_get_functiondef('memkeep.revise'::regproc) as text",
  )
  const hole = row!.text.replace('c.rights & 4 = 0 and trust < old.trust', 'false')
  expect(hole).not.toBe(row!.text)
  await torn.database.query(hole)
  await there.writer.update(there.id, { tags: ['x'] }, { actor: 'tool' })
  expect([await trustOf(there.memory, there.id), await trustOf(there.memory, there.made)]).toEqual([
    'external',
    'external',
  ])

  const { keep, memory, id, made, writer } = await told(store)
  for (const patch of [{ tags: ['x'] }, { content: 'The ferry is paid by card.' }, { metadata: { a: 1 } }]) {
    for (const actor of ['tool', 'user'] as const) {
      expect(await codeOf(writer.update(id, patch, { actor }))).toBe('ERR_ACCESS_DENIED')
    }
  }
  expect([await trustOf(memory, id), await trustOf(memory, made)]).toEqual(['agent', 'agent'])
  // Who is trusted no less takes nothing away, and who may delete may.
  expect(await writer.update(id, { tags: ['x'] }, { actor: 'agent' })).toMatchObject({ trust: 'agent' })
  const deleter = store.memory({ ...who, roles: ['scribe'], rights: ['delete'], principal: 'a deleter' }, keep)
  expect(await deleter.update(id, { tags: ['y'] }, { actor: 'tool' })).toMatchObject({ trust: 'external' })
  expect([await trustOf(memory, id), await trustOf(memory, made)]).toEqual(['external', 'external'])
})
