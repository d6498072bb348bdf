import { afterAll, beforeAll, expect, test } from 'vitest'
import { verifyLedger, verifyProof } from '../../src/verify.ts'
import { bundleOf } from '../proof/sample-ledger.ts'
import { codeOf } from '../support/code-of.ts'
import { TestKeep } from '../support/test-keep.ts'

let store: TestKeep
const auditor = { roles: [], rights: ['audit'] } as const

beforeAll(async () => {
  store = await TestKeep.start()
})
afterAll(() => store[Symbol.asyncDispose]())

/** The bundle of a tenant's log. */
async function bundle(tenant: string): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>()
  const scope = store.wide({ tenant, principal: 'auditor', roles: [], rights: ['audit', 'tenant'] })
  for await (const { path, bytes } of scope.audit.export()) files.set(path, bytes)
  return files
}

test('every event gets its place, and the bundle is right', async () => {
  const memory = store.memory()
  for (let n = 0; n < 5; n++) await memory.add(`black tomatoes on allotment ${n}`, { actor: 'user' })
  await memory.search('tomatoes')
  expect((await store.keep.runUpkeep()).sequenced).toBeGreaterThan(6)
  expect(await store.database.query('select * from memkeep.pending')).toEqual([])
  await memory.search('allotment')
  await store.keep.runUpkeep()
  const files = await bundle('acme')
  const report = await verifyLedger(bundleOf(files))
  const [{ n }] = (await store.database.query<{ n: number }>(
    `select count(*)::int as n from memkeep.log_entry where tenant = (select tenant from memkeep.log_entry where event is not null
       group by tenant order by count(*) desc limit 1)`,
  )) as [{ n: number }]
  expect(report.size).toBe(n)
  expect(report.checkpoints.length).toBe(2)
})

test('an event is listed with what it was, and proved', async () => {
  const { id } = await store.memory().add('likes ferries', { actor: 'user' })
  await store.keep.runUpkeep()
  const { items } = await store.memory(auditor).audit.list({ actions: ['memory.add'], limit: 1 })
  expect(items).toMatchObject([
    {
      action: 'memory.add',
      outcome: 'ok',
      by: 'principal',
      reach: 'subject',
      subject: 'ana',
      memories: [id],
      intact: true,
    },
  ])
  expect(items[0]!.principal).toEqual({ id: 'svc', roles: ['agent'] })
  const proof = await store.memory(auditor).audit.proof(items[0]!.id)
  expect(proof!.index).toBe(items[0]!.index)
  expect(JSON.parse(Buffer.from(proof!.entry).toString())).toMatchObject({ op: 'memory.add', resource: `memory:${id}` })
})

test('a search, a list and a get name the ids that they disclosed, and no other', async () => {
  const memory = store.memory({ subject: 'reader' })
  const ids = []
  for (const content of ['green ferries', 'green trains', 'grey mice'])
    ids.push((await memory.add(content, { actor: 'user' })).id)
  const shown = (await memory.search('green')).memories.map((found) => found.id)
  await memory.search('green', { limit: 1 })
  await memory.list({ limit: 2 })
  await memory.get(ids[2]!)
  await memory.search('nothing of the kind')
  const actions = ['memory.search', 'memory.list', 'memory.get']
  const { items } = await store.memory({ ...auditor, subject: 'reader' }).audit.list({ actions })
  expect([...shown].sort()).toEqual([ids[0], ids[1]].sort())
  const named = items.map(({ memories }) => [...memories].sort())
  expect(named).toEqual([[], [ids[2]], [ids[1], ids[2]].sort(), [shown[0]], [...shown].sort()])
})

test('one event is opened to an auditor, beside its proof and without the others', async () => {
  const scope = store.memory({ ...auditor, subject: 'opened' })
  const memory = store.memory({ subject: 'opened', principal: 'the writer' })
  const { id } = await memory.add('window seats', { actor: 'user' })
  const { id: other } = await memory.add('aisle seats', { actor: 'user' })
  expect(await scope.audit.opening((await scope.audit.list({ limit: 1 })).items[0]!.id), 'no place yet').toBeNull()
  await store.keep.runUpkeep()
  const { items } = await scope.audit.list({ actions: ['memory.add'] })
  const eventOf = (memoryId: string) => items.find(({ memories }) => memories.includes(memoryId))!.id
  const { file, vkey } = (await scope.audit.proof(eventOf(id)))!
  const opening = (await scope.audit.opening(eventOf(id)))!
  const { details } = await verifyProof(file, vkey, { opening })
  expect(JSON.parse(Buffer.from(details![0]!).toString())).toMatchObject({
    event: eventOf(id),
    memories: [id],
    detail: { principal: 'the writer' },
  })
  expect((await verifyProof(file, vkey)).details).toBeNull()
  const wrong = [(await scope.audit.opening(eventOf(other)))!, opening.replace('"v":1', '"v":2'), opening.trim()]
  for (const each of wrong) expect(await codeOf(verifyProof(file, vkey, { opening: each }))).toBe('ERR_PROOF_INVALID')
  expect(await store.memory({ ...auditor, subject: 'somebody else' }).audit.opening(eventOf(id))).toBeNull()
  expect(await codeOf(memory.audit.opening(eventOf(id)))).toBe('ERR_ACCESS_DENIED')
})

test("the making of a subject's key is in the event of the write that needed it, and in no other", async () => {
  const memory = store.memory({ subject: 'new here' })
  const ids = []
  for (const content of ['first', 'second']) ids.push((await memory.add(content, { actor: 'user' })).id)
  const { items } = await store.memory({ ...auditor, subject: 'new here' }).audit.list({ actions: ['memory.add'] })
  expect(items.map(({ memories, keyMade }) => [memories[0], keyMade])).toEqual([
    [ids[1], false],
    [ids[0], true],
  ])
})

test('without the right there is nothing to see', async () => {
  expect(await codeOf(store.memory().audit.list())).toBe('ERR_ACCESS_DENIED')
  expect(await codeOf(store.memory().audit.checkpoint())).toBe('ERR_ACCESS_DENIED')
})
