import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { RebuildJob } from '../../src/index.ts'
import { dayMs, hourMs } from '../support/hand-clock.ts'
import { TestKeep } from '../support/test-keep.ts'

const sentinel = 'XYZZY-7741'
let store: TestKeep
/** What the rebuilder does with its next jobs; then it joins what the sources say. */
let next: ((job: RebuildJob) => Promise<string | null>)[]
let jobs: RebuildJob[]

let tenant: string
let tenants = 0

beforeAll(async () => {
  const rebuilder = async (job: RebuildJob) => {
    jobs.push(job)
    const work = next.shift()
    return work === undefined ? job.sources.map(({ content }) => content).join(' + ') : work(job)
  }
  store = await TestKeep.start({ rebuilders: { summary: rebuilder, reflection: rebuilder } })
})
beforeEach(async () => {
  next = []
  jobs = []
  tenant = `tenant ${tenants++}`
  await store.createTenant(tenant)
  await store.database.query('truncate memkeep.artifact, memkeep.contribution, memkeep.unlearned')
})
afterAll(() => store[Symbol.asyncDispose]())

const memoryOf = (subject = 'ana') => store.memory({ tenant, subject, roles: ['admin'] })
const said = async (subject: string, content: string, more = {}) =>
  (await memoryOf(subject).add(content, { actor: 'user', ...more })).id
const artifacts = (subject = 'ana') => memoryOf(subject).artifacts
const upkeep = async () => (await store.keep.runUpkeep()).rebuilt
const rows = () =>
  store.database.query<{ id: string; state: number; size: number }>(
    'select id, state, octet_length(content) + octet_length(details) as size from memkeep.artifact order by id',
  )

/** A summary of a summary of what ana and bob said; only ana said the sentinel. */
async function summaryOfSummary() {
  const secret = await said('ana', `my code is ${sentinel}`)
  const [tea, coffee] = [await said('ana', 'likes tea'), await said('bob', 'likes coffee')]
  const common = store.common({ tenant, roles: ['admin'] }).artifacts
  const first = await common.register({
    kind: 'summary',
    content: `${sentinel}, tea, coffee`,
    derivedFrom: [secret, tea, coffee],
  })
  const second = await common.register({ kind: 'reflection', content: `drinks, ${sentinel}`, derivedFrom: [first.id] })
  return { secret, tea, coffee, first: first.id, second: second.id }
}

describe('a deleted memory', () => {
  test('takes what was made of it, at any distance, in the same commit; the rest is made anew without it', async () => {
    const made = await summaryOfSummary()
    const bobs = await artifacts('bob').register({ kind: 'summary', content: 'coffee', derivedFrom: [made.coffee] })
    const before = await artifacts('bob').get(bobs.id)
    await memoryOf().delete(made.secret)
    for (const id of [made.first, made.second]) {
      expect(await artifacts().get(id)).toBeNull()
      expect(await artifacts('bob').get(id)).toBeNull()
    }
    const hidden = await artifacts().list({ states: ['hidden'] })
    expect(hidden.items.map(({ id, content }) => [id, content])).toEqual([
      [made.second, null],
      [made.first, null],
    ])
    expect((await rows()).filter(({ state }) => state === 1).map(({ size }) => size)).toEqual([0, 0])

    expect(await upkeep()).toBe(2)
    expect(jobs.map(({ kind, sources, shared }) => [kind, sources.map(({ content }) => content), shared])).toEqual([
      ['summary', ['likes tea', 'likes coffee'], true],
      ['reflection', ['likes tea + likes coffee'], true],
    ])
    expect(await artifacts('bob').get(made.first)).toMatchObject({
      content: 'likes tea + likes coffee',
      state: 'ready',
      version: 3,
    })
    expect(await artifacts('bob').get(made.second)).toMatchObject({
      content: 'likes tea + likes coffee',
      trust: 'user',
    })
    expect(await artifacts('bob').get(bobs.id)).toEqual(before)
    expect(await upkeep()).toBe(0)
    expect(await store.database.query('select * from memkeep.unlearned')).toEqual([])
  })

  test('takes what nobody else contributed to for good', async () => {
    const secret = await said('ana', sentinel)
    const one = await artifacts().register({ kind: 'summary', content: sentinel, derivedFrom: [secret] })
    const two = await artifacts().register({ kind: 'summary', content: sentinel, derivedFrom: [one.id] })
    await memoryOf().deleteMany({ all: true })
    expect(await rows()).toEqual([])
    expect(await store.database.query('select * from memkeep.contribution')).toEqual([])
    expect(await artifacts().get(two.id)).toBeNull()
    expect(await upkeep()).toBe(0)
  })

  test('that others were derived from takes what was made of those', async () => {
    const secret = await said('ana', sentinel)
    const child = await said('ana', `as said, ${sentinel}`, { derivedFrom: [secret] })
    const tea = await said('ana', 'tea')
    const { id } = await artifacts().register({ kind: 'summary', content: sentinel, derivedFrom: [child, tea] })
    await memoryOf().delete(secret)
    expect(await artifacts().get(id)).toBeNull()
  })

  test('that has expired does the same', async () => {
    const expiresAt = new Date(store.clock.now() + hourMs)
    const [brief, tea] = [await said('ana', sentinel, { expiresAt }), await said('ana', 'tea')]
    const { id } = await artifacts().register({ kind: 'summary', content: sentinel, derivedFrom: [brief, tea] })
    store.clock.advance(hourMs + 1)
    expect(await upkeep()).toBe(1)
    expect(await artifacts().get(id)).toMatchObject({ content: 'tea' })
  })

  test('leaves a fine-tune registered, as what a deletion does not reach', async () => {
    const secret = await said('ana', sentinel)
    const { id } = await artifacts().register({ kind: 'fine-tune', content: 'model ft-1', derivedFrom: [secret] })
    await memoryOf().delete(secret)
    expect(await artifacts().get(id)).toMatchObject({ content: 'model ft-1', covered: false, state: 'ready' })
    // Nobody has to be told of a deletion: what is kept to be told is an erasure's.
    expect(await store.database.query('select * from memkeep.unlearned')).toEqual([])
  })

  test('a removed artifact takes what was made of it', async () => {
    const [a, b] = [await said('ana', 'a'), await said('ana', 'b')]
    const one = await artifacts().register({ kind: 'summary', content: sentinel, derivedFrom: [a] })
    const two = await artifacts().register({ kind: 'summary', content: `${sentinel} b`, derivedFrom: [one.id, b] })
    expect(await artifacts().remove(one.id)).toBe(true)
    expect(await artifacts().get(two.id)).toBeNull()
    expect(await upkeep()).toBe(1)
    expect(await artifacts().get(two.id)).toMatchObject({ content: 'b', derivedFrom: [b] })
  })
})

describe('rebuilding', () => {
  const broken = async () => {
    throw new RangeError(`cannot summarise ${sentinel}`)
  }

  async function hidden() {
    const [a, b] = [await said('ana', 'a'), await said('ana', 'b')]
    const { id } = await artifacts().register({ kind: 'summary', content: 'a and b', derivedFrom: [a, b] })
    await memoryOf().delete(a)
    return { id, b }
  }

  test('is tried again with pauses, and then left as a dead letter that can be seen and queued anew', async () => {
    const { id } = await hidden()
    const waits = [30_000, 60_000, 120_000, 240_000, 480_000]
    for (const [at, wait] of waits.entries()) {
      next.push(broken)
      expect(await upkeep()).toBe(0)
      expect(jobs).toHaveLength(at + 1)
      expect((await artifacts().list({ states: ['hidden'] })).items[0]).toMatchObject({
        id,
        attempts: at + 1,
        failure: 'RangeError',
      })
      store.clock.advance(wait - 1)
      await upkeep()
      expect(jobs).toHaveLength(at + 1)
      store.clock.advance(1)
    }
    next.push(broken)
    await upkeep()
    store.clock.advance(dayMs)
    expect(await upkeep()).toBe(0)
    expect(jobs.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5, 6])
    const { items } = await artifacts().list({ states: ['dead'] })
    expect(items).toMatchObject([{ id, state: 'dead', content: null, failure: 'RangeError' }])
    expect(await artifacts().get(id)).toBeNull()
    expect(JSON.stringify(await store.database.query('select * from memkeep.artifact'))).not.toContain(sentinel)

    expect(await artifacts('bob').retry(id)).toBe(false)
    expect(await artifacts().retry(id)).toBe(true)
    expect(await upkeep()).toBe(1)
    expect(await artifacts().get(id)).toMatchObject({ content: 'b', state: 'ready', attempts: 0, failure: null })
    expect(await artifacts().retry(id)).toBe(false)
  })

  test('that finds nothing left to say drops it', async () => {
    const { id } = await hidden()
    next.push(async () => null)
    expect(await upkeep()).toBe(1)
    expect(await rows()).toEqual([])
    expect(await artifacts().remove(id)).toBe(false)
  })

  test('does not store what it made of a source that went meanwhile', async () => {
    const { b } = await hidden()
    const c = await said('ana', 'c')
    const { id } = await artifacts().register({ kind: 'summary', content: 'b and c', derivedFrom: [b, c] })
    const a = await said('ana', 'x')
    const more = await artifacts().register({ kind: 'reflection', content: 'x', derivedFrom: [a, b, c] })
    await memoryOf().delete(a)
    next.push(
      async () => 'the first is done',
      async () => {
        await memoryOf().delete(b)
        return 'made of b and c'
      },
    )
    await upkeep()
    expect(jobs.map(({ sources }) => sources.map(({ content }) => content))).toEqual([['b'], ['b', 'c'], ['c'], ['c']])
    for (const each of [id, more.id])
      expect(await artifacts().get(each)).toMatchObject({ content: 'c', derivedFrom: [c] })
  })

  test('by a process that died is taken over when its time is up', async () => {
    await hidden()
    await store.database.query('update memkeep.artifact set attempts = 1, due_ms = $1', [store.clock.now() + 600_000])
    expect(await upkeep()).toBe(0)
    store.clock.advance(600_000)
    expect(await upkeep()).toBe(1)
    expect(jobs.map(({ attempt }) => attempt)).toEqual([2])
  })

  test('of a kind that nobody rebuilds leaves it hidden, without content', async () => {
    const [a, b] = [await said('ana', 'a'), await said('ana', 'b')]
    const { id } = await artifacts().register({ kind: 'skill', content: 'a and b', derivedFrom: [a, b] })
    await memoryOf().delete(a)
    expect(await upkeep()).toBe(0)
    expect((await artifacts().list({ states: ['hidden'] })).items).toMatchObject([{ id, kind: 'skill', content: null }])
    expect(await artifacts().remove(id)).toBe(true)
  })

  test('by two processes at once makes it once', async () => {
    const { id } = await hidden()
    const { database, keep } = store
    const upkeepLogin = { upkeep: { ...database.upkeep, max: 1 } }
    let made = 0
    const summary = async () => `made ${++made}`
    const others = await Promise.all([1, 2, 3].map(() => store.open({ ...upkeepLogin, rebuilders: { summary } })))
    await Promise.all([keep, ...others].map((each) => each.runUpkeep()))
    expect(made + jobs.length).toBe(1)
    expect(await artifacts().get(id)).toMatchObject({ state: 'ready', version: 3 })
  })
})
