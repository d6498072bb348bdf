import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AuditEvent } from '../../src/index.ts'
import { decodeLeaf } from '../../src/proof/ledger-leaf.ts'
import { adminOf, finished, grantOf } from '../support/erasing.ts'
import { TestKeep } from '../support/test-keep.ts'

// Doorways that principals, operators, upkeep and the kernel share: a leaf says which of them it was.

const embedder = {
  provider: 'test',
  modelId: 'alike',
  doEmbed: async ({ values }: { values: string[] }) => ({ embeddings: values.map(() => [1, 0]) }),
}

let store: TestKeep
let events: AuditEvent[]

beforeAll(async () => {
  store = await TestKeep.start({ embedder: embedder })
  const { id } = await store.memory().add('a note of ana', { actor: 'user', embed: 'later' })
  await store.keep.runUpkeep()
  await store.memory().artifacts.register({ kind: 'summary', content: 'what ana noted', derivedFrom: [id] })
  await store.memory().search('note')
  const operator = store.keep.privileged(grantOf('erase', 'tenants'))
  await operator.once('acme', 'a key', 'asked', async () => 'answered')
  await operator.tenants.quota('acme')
  const erasure = await operator.erasures.eraseSubject('acme', 'ana', { reason: 'request', after: 'reopen' })
  await finished(store, erasure)
  await operator.erasures.show(erasure.id)
  await store.memory({ subject: 'ben' }).add('a note of ben', { actor: 'user' })
  await finished(store, await store.keep.eraseSubject(adminOf('ben'), { reason: 'request' }))
  await store.keep.sequence()
  events = []
  for (let cursor: string | null = null; ; ) {
    const page = await store
      .wide({ roles: ['admin'] })
      .audit.list({ limit: 100, ...(cursor === null ? {} : { cursor }) })
    events.push(...page.items)
    cursor = page.nextCursor
    if (cursor === null) break
  }
}, 60_000)
afterAll(() => store[Symbol.asyncDispose]())

/** Names under which events are sealed, and what each may be said to be. */
const capacities: Readonly<Record<string, readonly string[]>> = {
  operator: ['operator'],
  boss: ['principal'],
  svc: ['principal'],
  'memkeep upkeep': ['upkeep', 'kernel'],
  'memkeep erasure': ['upkeep', 'kernel'],
}

test('each event is said to be done by who did it', () => {
  const seen = new Set<string>()
  for (const { action, by, principal } of events) {
    if (principal === null) continue
    seen.add(principal.id)
    expect({ action, principal: principal.id, of: capacities[principal.id]?.includes(by) ? by : 'another' }).toEqual({
      ...{ action, principal: principal.id },
      of: by,
    })
  }
  expect(seen).toEqual(new Set(Object.keys(capacities)))
})

test('what an operator and the kernel do as principals do is there', () => {
  const done = new Set(events.map(({ action, by }) => `${action} ${by}`))
  for (const what of [
    ...['erasure.requested operator', 'erasure.requested principal', 'answer.claim operator', 'answer.keep operator'],
    ...['tenant.enter operator', 'memory.export kernel', 'memory.search kernel', 'support.read kernel'],
    ...['scope.reopen kernel', 'memory.reindex upkeep', 'memory.search principal'],
  ]) {
    expect(done).toContain(what)
  }
  expect([...done].filter((what) => what.startsWith('support.') && !what.endsWith(' kernel'))).toEqual([])
})

test('leaves say the same as the list, to a stranger too', async () => {
  const rows = await store.database.query<{ event: string; entry: Buffer }>(
    'select event, entry from memkeep.log_entry where event is not null',
  )
  const leaves = new Map(rows.map(({ event, entry }) => [event, decodeLeaf(entry)]))
  const placed = events.filter(({ index }) => index !== null)
  expect(placed.length).toBeGreaterThan(40)
  for (const { id, by, intact } of placed) expect([leaves.get(id)!.actorClass, intact]).toEqual([by, intact ?? null])
  expect(placed.filter(({ intact }) => intact === false)).toEqual([])
  // What ana did was under her key: what is left to say it is the leaf.
  expect(placed.filter(({ principal, by }) => principal === null && by === 'principal').length).toBeGreaterThan(0)
})
