import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Rebuilder, RebuildJob } from '../../src/index.ts'
import { adminOf, adminOfTenant, finished } from '../support/erasing.ts'
import { keysAt } from '../support/keys-at.ts'
import { TestKeep } from '../support/test-keep.ts'

const sentinel = 'PLUGH-2206'
let store: TestKeep
let jobs: RebuildJob[]
let seenMeanwhile: unknown[]
let watch: () => Promise<unknown> = async () => null

beforeAll(async () => {
  const summary: Rebuilder = async (job) => {
    jobs.push(job)
    seenMeanwhile.push(await watch())
    return job.sources.map(({ content }) => content).join(' + ')
  }
  store = await TestKeep.start({ rebuilders: { summary } })
})
beforeEach(() => {
  jobs = []
  seenMeanwhile = []
})
afterAll(() => store[Symbol.asyncDispose]())

const admin = { roles: ['admin'] }
const said = async (subject: string, content: string) =>
  (await store.memory({ subject, ...admin }).add(content, { actor: 'user' })).id
const artifactsOf = (subject: string) => store.memory({ subject, ...admin }).artifacts
const everyRow = async () => JSON.stringify(await store.database.query('select * from memkeep.artifact order by id'))

test('an erased subject’s part leaves everything that was made of it, through a summary of a summary', async () => {
  const [secret, tea] = [await said('ana', `my code is ${sentinel}`), await said('bob', 'bob likes tea')]
  const common = store.common(admin).artifacts
  const first = await common.register({ kind: 'summary', content: `${sentinel}, tea`, derivedFrom: [secret, tea] })
  const second = await common.register({ kind: 'summary', content: `of all: ${sentinel}`, derivedFrom: [first.id] })
  const skill = await common.register({ kind: 'skill', content: `say ${sentinel}`, derivedFrom: [second.id, tea] })
  const alone = await common.register({ kind: 'summary', content: sentinel, derivedFrom: [secret] })
  const model = await common.register({ kind: 'fine-tune', content: `ft-9 of ${sentinel}`, derivedFrom: [secret, tea] })
  const handed = await artifactsOf('ana').register({ kind: 'export', content: sentinel, derivedFrom: [secret] })
  const own = await artifactsOf('ana').register({ kind: 'reflection', content: sentinel, derivedFrom: [secret] })
  const bobs = await artifactsOf('bob').register({ kind: 'summary', content: 'tea', derivedFrom: [tea] })
  const bobsRow = async () => store.database.query('select * from memkeep.artifact where id = $1', [bobs.id])
  const before = await bobsRow()
  watch = async () => {
    const ids = [first, second, skill, alone].map(({ id }) => artifactsOf('bob').get(id))
    return (await Promise.all(ids)).map((artifact) => artifact?.content ?? null)
  }

  const report = await finished(store, await store.keep.eraseSubject(adminOf('ana'), { reason: 'request' }))

  // The barrier stood, and the rebuilding had not ended.
  expect(seenMeanwhile).toEqual([
    [null, null, null, null],
    ['bob likes tea', null, null, null],
  ])
  expect(Object.fromEntries(report.derived.map(({ id, action }) => [id, action]))).toEqual({
    [first.id]: 'rebuilt',
    [second.id]: 'rebuilt',
    [skill.id]: 'hidden',
    [alone.id]: 'dropped',
  })
  expect(report.notCovered.map(({ what }) => what).join()).toContain(`fine-tune ${model.id}`)
  expect(report.notCovered.map(({ what }) => what).join()).toContain(`export ${handed.id}`)
  // It stays registered, and says no more.
  expect(await artifactsOf('bob').get(model.id)).toBeNull()
  const row = 'select state, content, details, due_ms from memkeep.artifact where id = $1'
  const empty = Buffer.alloc(0)
  expect(await store.database.query(row, [model.id])).toEqual([
    { state: 1, content: empty, details: empty, due_ms: null },
  ])
  const { items: hidden } = await artifactsOf('bob').list({ states: ['hidden'], kinds: ['fine-tune'] })
  expect(hidden).toMatchObject([{ id: model.id, covered: false, content: null }])
  expect(await common.retry(model.id)).toBe(false)
  const stores = Object.fromEntries(report.stores.map(({ name, deleted, remaining }) => [name, [deleted, remaining]]))
  expect(stores).toMatchObject({ artifact: [2, 0] })
  for (const id of [first.id, second.id])
    expect(await artifactsOf('bob').get(id)).toMatchObject({ content: 'bob likes tea' })
  expect(jobs.flatMap(({ sources }) => sources.map(({ content }) => content))).toEqual([
    'bob likes tea',
    'bob likes tea',
  ])
  expect(await bobsRow()).toEqual(before)
  for (const { id } of [own, alone]) expect(await everyRow()).not.toContain(id)
  for (const { items } of [await artifactsOf('bob').list(), await store.wide(admin).artifacts.list()]) {
    expect(JSON.stringify(items)).not.toContain(sentinel)
  }
  const contributions = await store.database.query('select source from memkeep.contribution where source = $1', [
    secret,
  ])
  expect(contributions).toEqual([])
  expect(await store.database.query('select * from memkeep.unlearned')).toEqual([])
})

test('the keys of what was shared before go with it: its bytes in a backup open no more', async () => {
  const [secret, coffee] = [await said('cleo', sentinel), await said('bob', 'coffee')]
  const { id } = await store
    .common(admin)
    .artifacts.register({ kind: 'skill', content: sentinel, derivedFrom: [secret, coffee] })
  const backup = await store.database.query('select * from memkeep.artifact where id = $1', [id])
  await finished(store, await store.keep.eraseSubject(adminOf('cleo'), { reason: 'request' }))
  await store.database.query(
    'update memkeep.artifact set state = 0, version = 1, content = $2, details = $3, seal = $4, derived_from = $5 where id = $1',
    [id, backup[0]!.content, backup[0]!.details, backup[0]!.seal, backup[0]!.derived_from],
  )
  await using elsewhere = await store.open()
  // Read as hidden, because its key is gone.
  expect(await store.common(admin, elsewhere).artifacts.get(id)).toBeNull()
  const own = (name: string) => name.includes((backup[0]!.seal as Buffer).toString('hex')) && !name.includes('/erased/')
  expect((await keysAt(store.keyDir).keyStore.list('version/')).filter(own)).toEqual([])
})

test('a whole tenant goes with what was made of it; what is out of reach is told of', async () => {
  await store.createTenant('initech')
  const memory = store.memory({ tenant: 'initech', ...admin })
  const derivedFrom = [(await memory.add(sentinel, { actor: 'user' })).id]
  await memory.artifacts.register({ kind: 'summary', content: sentinel, derivedFrom, shared: true })
  const { id } = await memory.artifacts.register({ kind: 'export', content: 'a file', derivedFrom })
  const erasure = await store.keep.eraseTenant(adminOfTenant('initech'), { reason: 'contract-end', confirm: 'initech' })
  const report = await finished(store, erasure)
  expect(report.stores.find(({ name }) => name === 'artifact')).toMatchObject({ deleted: 2, remaining: 0 })
  expect(report.notCovered.map(({ what }) => what).join()).toContain(`export ${id}`)
  expect(await store.database.query('select * from memkeep.unlearned')).toEqual([])
})
