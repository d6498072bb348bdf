import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { mintGrant } from '../../src/trust.ts'
import { TestKeep } from '../support/test-keep.ts'

// What was made of a memory says what it said then, under the labels that it had then.

let store: TestKeep
let tenant: string
let tenants = 0

beforeAll(async () => {
  store = await TestKeep.start({
    rebuilders: { summary: async ({ sources }) => sources.map(({ content }) => content).join(' + ') },
  })
})
beforeEach(async () => {
  tenant = `tenant ${tenants++}`
  await store.createTenant(tenant)
})
afterAll(() => store?.[Symbol.asyncDispose]())

const memory = (subject = 'ana') => store.memory({ tenant, subject, roles: ['admin'] })
const artifacts = () => memory().artifacts
const said = async (content: string, more = {}) => (await memory().add(content, { actor: 'user', ...more })).id
const made = async (derivedFrom: string[], more = {}) =>
  (await artifacts().register({ kind: 'summary', content: 'as it was', derivedFrom, ...more })).id
const hidden = async () => (await artifacts().list({ states: ['hidden'] })).items.map(({ id }) => id).sort()
const content = async (id: string) => (await artifacts().get(id))?.content ?? null

describe('an update', () => {
  test('hides what was made of the memory, at any distance, and nothing else; it is made anew of what stands', async () => {
    const [tea, cats] = [await said('likes tea'), await said('likes cats')]
    const first = await made([tea, cats])
    const second = await made([first], { shared: true })
    const other = await made([cats])
    await memory().cache.set('answer', 'tea', { ttlSeconds: 600, derivedFrom: [tea] })
    await memory().cache.set('other', 'cats', { ttlSeconds: 600, derivedFrom: [cats] })
    await memory().update(tea, { content: 'likes coffee' }, { actor: 'user' })
    expect(await hidden()).toEqual([first, second].sort())
    expect([await content(first), await content(second), await content(other)]).toEqual([null, null, 'as it was'])
    expect([await memory().cache.get('answer'), await memory().cache.get('other')]).toEqual([null, 'cats'])
    const rows = await store.database.query(
      'select octet_length(content) + octet_length(details) as size from memkeep.artifact where state = 1',
    )
    expect(rows).toEqual([{ size: 0 }, { size: 0 }])
    for (let pass = 0; pass < 2; pass++) await store.keep.runUpkeep()
    expect([await content(first), await content(second)]).toEqual([
      'likes coffee + likes cats',
      'likes coffee + likes cats',
    ])
  })

  test('that makes the memory more sensitive leaves nothing that says it in private', async () => {
    const id = await said('likes tea')
    const artifact = await made([id])
    await memory().update(id, { sensitivity: 'sensitive' }, { actor: 'user' })
    expect(await content(artifact)).toBeNull()
    await store.keep.runUpkeep()
    expect(await artifacts().get(artifact)).toMatchObject({ content: 'likes tea', sensitivity: 'sensitive' })
    expect(await store.memory({ tenant }).artifacts.get(artifact)).toBeNull()
  })

  test('hides an entry of the library', async () => {
    const id = await said('restart it twice')
    const grant = mintGrant({
      principal: { id: 'c', roles: [] },
      rights: ['library'],
      reason: 'a test',
      ttlSeconds: 60,
    })
    const contributors = [{ tenant, subject: 'ana', memory: id }]
    await store.keep.privileged(grant).library.publish({ kind: 'skill', content: `restart ${tenant}`, contributors })
    const found = async () => (await memory().library.search(`restart ${tenant}`)).entries.length
    expect(await found()).toBe(1)
    await memory().update(id, { content: 'never restart it' }, { actor: 'user' })
    expect(await found()).toBe(0)
  })
})

test('what falls in trust takes it from what was made of it', async () => {
  const page = await said('a page', { actor: 'tool' })
  const id = await said('by the page', { actor: 'agent', derivedFrom: [await said('by hand')] })
  const source = (await memory().get(id))!.derivedFrom[0]!
  const artifact = await made([id])
  expect(await artifacts().get(artifact)).toMatchObject({ trust: 'user' })
  // What it came from is deleted: it is trusted as nothing at all.
  await memory().delete(source)
  expect(await content(artifact)).toBeNull()
  await store.keep.runUpkeep()
  expect(await artifacts().get(artifact)).toMatchObject({ content: 'by the page', trust: 'external' })
  expect(await memory().get(page)).not.toBeNull()
})

describe('what was superseded since', () => {
  const agent = (content: string, more = {}) => said(content, { actor: 'agent', ...more })

  test('takes trust from what was made of it, and of what came from it, when its source goes', async () => {
    const source = await agent('the source')
    const between = await agent('by the source', { derivedFrom: [source] })
    const derived = await agent('by that', { derivedFrom: [between] })
    await agent('something else', { supersedes: between })
    const artifact = await made([derived])
    await memory().cache.set('answer', 'by that', { ttlSeconds: 600, derivedFrom: [derived] })
    await agent('something newer', { supersedes: derived })
    expect(await artifacts().get(artifact)).toMatchObject({ trust: 'agent', content: 'as it was' })
    await memory().delete(source)
    expect((await memory().history(derived)).map(({ trust }) => trust)).toEqual(['external'])
    expect(await content(artifact)).toBeNull()
    expect(await memory().cache.get('answer')).toBeNull()
  })

  test('hides no source behind it: that stands behind what is made later of what came from it', async () => {
    const source = await agent('the source')
    const between = await agent('by the source', { derivedFrom: [source] })
    const derived = await agent('by that', { derivedFrom: [between] })
    await agent('something else', { supersedes: between })
    expect(await contributors(await made([derived]))).toEqual([source, between, derived].sort())
  })

  test('nor does one that has expired and was swept', async () => {
    const source = await agent('the source')
    const expiresAt = new Date(store.clock.nowMs + 60_000)
    const between = await agent('by the source', { derivedFrom: [source], expiresAt })
    const derived = await agent('by that', { derivedFrom: [between] })
    store.clock.advance(25 * 3_600_000)
    await store.keep.runUpkeep()
    expect(await store.database.query('select 1 from memkeep.memory where id = $1', [between])).toEqual([])
    expect(await contributors(await made([derived]))).toEqual([source, derived].sort())
  })

  async function contributors(artifact: string): Promise<string[]> {
    const text = 'select source from memkeep.contribution where artifact = $1'
    return (await store.database.query<{ source: string }>(text, [artifact])).map(({ source }) => source).sort()
  }
})

test('endorsed, it says what it said: nothing is hidden', async () => {
  const id = await said('likes tea')
  const artifact = await made([id])
  await memory().endorse(id)
  expect(await content(artifact)).toBe('as it was')
})
