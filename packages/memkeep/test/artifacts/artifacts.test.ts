import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { codeOf } from '../support/code-of.ts'
import { TestKeep } from '../support/test-keep.ts'

let store: TestKeep
beforeAll(async () => {
  store = await TestKeep.start()
})
afterAll(() => store[Symbol.asyncDispose]())

let subjects = 0
const admin = { roles: ['admin'] }
/** Two subjects that no other test knows, as an administrator. */
const pair = () => {
  const [one, other] = [`s${subjects++}`, `s${subjects++}`]
  return { one: store.memory({ subject: one, ...admin }), other: store.memory({ subject: other, ...admin }) }
}
const said = async (memory: ReturnType<TestKeep['memory']>, content: string, more = {}) =>
  (await memory.add(content, { actor: 'user', ...more })).id

describe('an artifact', () => {
  test('is read back with its labels, by its own subject alone', async () => {
    const { one, other } = pair()
    const [a, b] = [await said(one, 'likes tea'), await said(one, 'hates rain')]
    const input = { kind: 'summary', content: 'tea, no rain', derivedFrom: [a, b], metadata: { model: 'm', n: 1 } }
    const registered = await one.artifacts.register(input)
    expect(registered).toMatchObject({ trust: 'user', sensitivity: 'private', shared: false })
    const artifact = await one.artifacts.get(registered.id)
    expect(artifact).toMatchObject({ ...input, state: 'ready', covered: true, shared: false, version: 1, attempts: 0 })
    expect((await one.artifacts.list()).items).toEqual([artifact])
    expect(await other.artifacts.get(registered.id)).toBeNull()
    expect((await other.artifacts.list()).items).toEqual([])
    expect(await other.artifacts.remove(registered.id)).toBe(false)
    expect(await one.artifacts.remove(registered.id)).toBe(true)
    expect(await one.artifacts.get(registered.id)).toBeNull()
  })

  test('is never trusted more, nor less sensitive, than what it was made from', async () => {
    const { one } = pair()
    const tool = await said(one, 'from a web page', { actor: 'tool' })
    const agent = await said(one, 'from the agent', { actor: 'agent', sensitivity: 'public' })
    const secret = await said(one, 'a diagnosis', { sensitivity: 'sensitive' })
    const register = (derivedFrom: string[], more = {}) =>
      one.artifacts.register({ kind: 'fact', content: 'x', derivedFrom, ...more })
    expect(await register([agent], { sensitivity: 'public' })).toMatchObject({ trust: 'agent', sensitivity: 'public' })
    const mixed = await register([agent, tool, secret], { sensitivity: 'public' })
    expect(mixed).toMatchObject({ trust: 'external', sensitivity: 'sensitive' })
    expect(await register([mixed.id, agent])).toMatchObject({ trust: 'external', sensitivity: 'sensitive' })
    expect(await one.artifacts.get(mixed.id)).toMatchObject({ trust: 'external', sensitivity: 'sensitive' })
  })

  test('above the clearance is not there, nor can anything be made of it', async () => {
    const { one } = pair()
    const secret = await said(one, 'a diagnosis', { sensitivity: 'sensitive' })
    const { id } = await one.artifacts.register({ kind: 'summary', content: 'x', derivedFrom: [secret] })
    const agent = store.memory({ subject: `s${subjects - 2}` })
    expect(await agent.artifacts.get(id)).toBeNull()
    expect((await agent.artifacts.list()).items).toEqual([])
    expect(await codeOf(agent.artifacts.register({ kind: 'summary', content: 'x', derivedFrom: [secret] }))).toBe(
      'ERR_INPUT_INVALID',
    )
    expect(await codeOf(agent.artifacts.register({ kind: 'summary', content: 'x', derivedFrom: [id] }))).toBe(
      'ERR_INPUT_INVALID',
    )
  })

  test('needs sources in sight: a foreign one and a missing one are one answer', async () => {
    const { one, other } = pair()
    const theirs = await said(other, 'not yours')
    const foreign = await said(store.memory({ tenant: 'globex', ...admin }), 'of another tenant')
    const made = (derivedFrom: string[]) => codeOf(one.artifacts.register({ kind: 'fact', content: 'x', derivedFrom }))
    for (const id of [theirs, foreign, '00000000-0000-7000-8000-000000000000'])
      expect(await made([id])).toBe('ERR_INPUT_INVALID')
    expect(await made([])).toBe('ERR_INPUT_INVALID')
  })

  test('is listed by kind and page, newest first', async () => {
    const { one } = pair()
    const source = await said(one, 'x')
    const ids: string[] = []
    for (let n = 0; n < 5; n++) {
      const kind = n % 2 === 0 ? 'summary' : 'fact'
      ids.push((await one.artifacts.register({ kind, content: `${n}`, derivedFrom: [source] })).id)
    }
    const first = await one.artifacts.list({ limit: 3 })
    const rest = await one.artifacts.list({ limit: 3, cursor: first.nextCursor! })
    expect([...first.items, ...rest.items].map(({ id }) => id)).toEqual(ids.toReversed())
    expect(rest.nextCursor).toBeNull()
    expect((await one.artifacts.list({ kinds: ['fact'] })).items.map(({ content }) => content)).toEqual(['3', '1'])
  })

  test.each([
    ['no kind', { kind: 'Not A Kind' }],
    ['no content', { content: '' }],
    ['an unknown option', { extra: 1 }],
    ['a label that is none', { sensitivity: 'secret' }],
    ['shared that is none', { shared: 'yes' }],
  ])('with %s is refused', async (_, more) => {
    const { one } = pair()
    const derivedFrom = [await said(one, 'x')]
    const input = { kind: 'fact', content: 'x', derivedFrom, ...more }
    expect(await codeOf(one.artifacts.register(input as never))).toBe('ERR_INPUT_INVALID')
  })

  test('of a caller without the right to write is refused, and recorded', async () => {
    const { one } = pair()
    const source = await said(one, 'x')
    const reader = store.memory({ subject: `s${subjects - 2}`, roles: ['export'] })
    const call = reader.artifacts.register({ kind: 'fact', content: 'x', derivedFrom: [source] })
    expect(await codeOf(call)).toBe('ERR_ACCESS_DENIED')
    const [event] = await store.database.query(
      "select outcome from memkeep.event where action = 'artifact.register' order by id desc limit 1",
    )
    expect(event).toEqual({ outcome: 'denied' })
  })
})

describe('a shared artifact', () => {
  test('is read by every subject of the tenant and by nobody else; making one needs the right for it', async () => {
    const { one, other } = pair()
    const source = await said(one, 'the office is closed on Mondays')
    const input = { kind: 'fact', content: 'closed on Mondays', derivedFrom: [source], shared: true }
    const { id } = await one.artifacts.register(input)
    expect(await other.artifacts.get(id)).toMatchObject({ content: 'closed on Mondays', shared: true })
    expect(await store.common(admin).artifacts.get(id)).toMatchObject({ content: 'closed on Mondays' })
    expect(await store.wide(admin).artifacts.get(id)).toMatchObject({ content: 'closed on Mondays' })
    expect(await store.memory({ tenant: 'globex', ...admin }).artifacts.get(id)).toBeNull()
    const agent = store.memory({ subject: `s${subjects - 2}` })
    expect(await codeOf(agent.artifacts.register(input))).toBe('ERR_ACCESS_DENIED')
    expect(await codeOf(agent.artifacts.remove(id))).toBe('ERR_ACCESS_DENIED')
    expect(await other.artifacts.remove(id)).toBe(true)
  })

  test('may be made of several subjects by who may read them all', async () => {
    const { one, other } = pair()
    const derivedFrom = [await said(one, 'tea'), await said(other, 'coffee')]
    const input = { kind: 'reflection', content: 'hot drinks', derivedFrom }
    const { id } = await store.common(admin).artifacts.register(input)
    expect(await one.artifacts.get(id)).toMatchObject({ content: 'hot drinks', shared: true })
    const narrow = store.common({ roles: ['agent'], rights: ['common'] })
    expect(await codeOf(narrow.artifacts.register(input))).toBe('ERR_INPUT_INVALID')
    expect(await codeOf(one.artifacts.register({ ...input, shared: true }))).toBe('ERR_INPUT_INVALID')
  })

  test('has a key of its own, which no other row names', async () => {
    const { one } = pair()
    const derivedFrom = [await said(one, 'x')]
    const [a, b] = [
      await one.artifacts.register({ kind: 'fact', content: 'a', derivedFrom, shared: true }),
      await one.artifacts.register({ kind: 'fact', content: 'b', derivedFrom, shared: true }),
    ]
    const rows = await store.database.query<{ seal: Buffer; epoch: number }>(
      'select distinct seal from memkeep.artifact where id = any ($1)',
      [[a.id, b.id]],
    )
    expect(rows).toHaveLength(2)
    await store.database.query(
      'update memkeep.artifact set seal = (select seal from memkeep.artifact where id = $1) where id = $2',
      [b.id, a.id],
    )
    expect(await codeOf(one.artifacts.get(a.id))).toBe('ERR_SEAL_BROKEN')
  })
})

describe('the database may be altered, and then it does not open', () => {
  const spoils: [string, string][] = [
    [
      'content of another artifact',
      'update memkeep.artifact a set content = b.content from memkeep.artifact b where a.id = $1 and b.id = $2',
    ],
    ['a higher trust', 'update memkeep.artifact set trust = 2 where id = $1 and $2::uuid is not null'],
    ['a lower sensitivity', 'update memkeep.artifact set sensitivity = 0 where id = $1 and $2::uuid is not null'],
    ['another kind', "update memkeep.artifact set kind = 'skill' where id = $1 and $2::uuid is not null"],
    ['other sources', 'update memkeep.artifact set derived_from = array[$2::uuid] where id = $1'],
    ['another version', 'update memkeep.artifact set version = 2 where id = $1 and $2::uuid is not null'],
    [
      'the shelf that all share',
      "update memkeep.artifact set subject = decode(repeat('00', 16), 'hex') where id = $1 and $2::uuid is not null",
    ],
  ]
  test.each(spoils)('%s', async (_, spoil) => {
    const { one } = pair()
    const derivedFrom = [await said(one, 'x')]
    const a = await one.artifacts.register({ kind: 'fact', content: 'a', derivedFrom })
    const b = await one.artifacts.register({ kind: 'fact', content: 'b', derivedFrom })
    await store.database.query(spoil, [a.id, b.id])
    expect(await codeOf(one.artifacts.get(a.id))).toMatch(/^ERR_(SEAL_BROKEN|KEY_DESTROYED)$/)
    expect(await one.artifacts.get(b.id)).toMatchObject({ content: 'b' })
  })
})
