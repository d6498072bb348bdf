import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { RebuildJob } from '../../src/artifacts/rebuilder.ts'
import { mintGrant } from '../../src/trust.ts'
import { codeOf } from '../support/code-of.ts'
import { adminOf, finished } from '../support/erasing.ts'
import { dayMs } from '../support/hand-clock.ts'
import { TestKeep } from '../support/test-keep.ts'

// An entry of the deployment's library that lost a contributor is made anew from what the others said, and from nothing else.

const sentinel = 'NITFOL-7741'
const jobs: RebuildJob[] = []
/** What the next tries do; then each writes out its sources. */
const next: ((job: RebuildJob) => Promise<string | null>)[] = []
const fact = async (job: RebuildJob): Promise<string | null> => {
  jobs.push(job)
  return (next.shift() ?? (async () => job.sources.map(({ content }) => content).join(' and ')))(job)
}

let store: TestKeep
beforeAll(async () => {
  const never = async () => 'the rebuilder of artifacts is not asked'
  store = await TestKeep.start({ libraryRebuilders: { fact }, rebuilders: { fact: never, skill: never } })
})
afterAll(() => store?.[Symbol.asyncDispose]())

let [one, two] = ['', '']
let made = 0
beforeEach(async () => {
  jobs.length = 0
  next.length = 0
  ;[one, two] = [`one${made}`, `two${made}`]
  made++
  for (const tenant of [one, two]) await store.createTenant(tenant)
})

const by = (...rights: ('library' | 'tenants')[]) =>
  store.keep.privileged(
    mintGrant({ principal: { id: 'curator', roles: [] }, rights, reason: 'what we learnt', ttlSeconds: 600 }),
  ).library
const library = () => by('library')
const memoryOf = (tenant: string, subject: string) => store.memory({ tenant, subject, roles: ['admin'] })
const said = async (tenant: string, subject: string, content: string, more = {}) => ({
  tenant,
  subject,
  memory: (await memoryOf(tenant, subject).add(content, { actor: 'user', ...more })).id,
})
const entry = async (id: string) => (await library().list()).find((each) => each.id === id)
const read = async (query: string, tenant = 'acme') =>
  (await memoryOf(tenant, 'reader').library.search(query)).entries.map(({ content }) => content)
const upkeep = async () => (await store.keep.runUpkeep()).rebuilt

async function published(kind = 'fact') {
  const [ana, bob] = [await said(one, 'ana', sentinel), await said(two, 'bob', `tea${made} helps`)]
  const content = `${sentinel} and tea${made}`
  const { id } = await library().publish({ kind, content, contributors: [ana, bob], sensitivity: 'private' })
  return { id, ana, bob }
}

test('a deletion hides it at once; upkeep makes it anew from the other tenant’s memory, read in that tenant’s ledger', async () => {
  const { id, ana } = await published()
  await memoryOf(one, 'ana').delete(ana.memory)
  expect(await read(`tea${made}`)).toEqual([])
  expect(await upkeep()).toBe(1)
  expect(await entry(id)).toMatchObject({ state: 'ready', contributors: 1, trust: 'user', sensitivity: 'private' })
  expect(await read(`tea${made}`)).toEqual([`tea${made} helps`])
  expect(await read(sentinel)).toEqual([])
  expect(jobs).toMatchObject([
    { id, kind: 'fact', shared: true, attempt: 1, sources: [{ content: `tea${made} helps` }] },
  ])
  const { tenant: tag } = (
    await store.database.query<{ tenant: Buffer }>(
      "select tenant from memkeep.event where action = 'library.sources' order by recorded_at desc limit 1",
    )
  )[0]!
  const [home] = await store.database.query<{ tenant: Buffer }>('select tenant from memkeep.library_entry limit 1')
  expect(tag.equals(home!.tenant), 'not the deployment').toBe(false)
  expect(
    await store.database.query('select 1 from memkeep.library_contribution where tenant = $1', [tag]),
  ).toHaveLength(1)
  // Rebuilt, it loses its last contributor too: then nothing of it is left.
  await memoryOf(two, 'bob').deleteMany({ all: true })
  expect(await entry(id)).toBeUndefined()
})

test('an erasure tells that it was rebuilt, and destroys the key of what stood', async () => {
  const { id } = await published()
  const [backup] = await store.database.query<{ content: Buffer; seal: Buffer }>(
    'select content, seal from memkeep.library_entry where id = $1',
    [id],
  )
  const report = await finished(store, await store.keep.eraseSubject(adminOf('ana', one), { reason: 'request' }))
  expect(report.derived).toEqual([{ id, action: 'rebuilt' }])
  expect(await read(`tea${made}`)).toEqual([`tea${made} helps`])
  await store.database.query('update memkeep.library_entry set version = 1, content = $2, seal = $3 where id = $1', [
    id,
    backup!.content,
    backup!.seal,
  ])
  expect(await read(sentinel)).toEqual([])
  expect(await entry(id)).toMatchObject({ state: 'hidden' })
  await library().withdraw(id)
}, 60_000)

test('is tried again with pauses, is left as a dead letter that can be seen, and queued anew', async () => {
  const { id, ana } = await published()
  await memoryOf(one, 'ana').delete(ana.memory)
  for (const wait of [30_000, 60_000, 120_000, 240_000, 480_000, dayMs]) {
    next.push(async () => {
      throw new RangeError(`cannot say ${sentinel}`)
    })
    expect(await upkeep()).toBe(0)
    store.clock.advance(wait - 1)
    expect(await upkeep()).toBe(0)
    store.clock.advance(1)
  }
  expect(await upkeep()).toBe(0)
  expect(jobs.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5, 6])
  expect(await entry(id)).toMatchObject({ state: 'dead', attempts: 6, failure: 'RangeError' })
  expect(await codeOf(by('tenants').retry(id))).toBe('ERR_ACCESS_DENIED')
  expect(await library().retry(id)).toBe(true)
  expect(await upkeep()).toBe(1)
  expect(await entry(id)).toMatchObject({ state: 'ready', attempts: 0, failure: null })
  expect(await library().retry(id)).toBe(false)
}, 60_000)

test('does not store what it made of a contributor that went meanwhile; nothing left to say drops it', async () => {
  const [ana, bob, cyd] = [
    await said(one, 'ana', 'a'),
    await said(two, 'bob', sentinel),
    await said(two, 'cyd', `cyd${made}`),
  ]
  const { id } = await library().publish({ kind: 'fact', content: 'all', contributors: [ana, bob, cyd] })
  await memoryOf(one, 'ana').delete(ana.memory)
  next.push(async ({ sources }) => {
    await memoryOf(two, 'bob').delete(bob.memory)
    return sources.map(({ content }) => content).join(' and ')
  })
  await upkeep()
  expect(jobs.map(({ sources }) => sources.length)).toEqual([2, 1])
  expect(await read(sentinel)).toEqual([])
  expect(await read(`cyd${made}`)).toEqual([`cyd${made}`])
  const other = await library().publish({
    kind: 'fact',
    content: 'x',
    contributors: [cyd, await said(one, 'ana', 'b')],
  })
  await memoryOf(one, 'ana').deleteMany({ all: true })
  next.push(async () => null)
  expect(await upkeep()).toBe(1)
  expect(await entry(other.id)).toBeUndefined()
  expect(await entry(id)).toMatchObject({ state: 'ready' })
})

test('has the labels of the worst that is left, and is never less sensitive than it was', async () => {
  const [ana, bob] = [
    await said(one, 'ana', 'x', { sensitivity: 'sensitive' }),
    await said(two, 'bob', 'y', { actor: 'tool' }),
  ]
  const { id } = await library().publish({ kind: 'fact', content: 'z', contributors: [ana, bob] })
  await memoryOf(one, 'ana').delete(ana.memory)
  expect(await upkeep()).toBe(1)
  expect(await entry(id)).toMatchObject({ state: 'ready', sensitivity: 'sensitive', trust: 'external' })
})

test('of a kind without a rebuilder for the library it stays hidden, whatever rebuilds artifacts', async () => {
  const { id, ana } = await published('skill')
  await memoryOf(one, 'ana').delete(ana.memory)
  expect(await upkeep()).toBe(0)
  expect(await entry(id)).toMatchObject({ state: 'hidden', contributors: 1 })
  expect(jobs).toEqual([])
})
