import { afterAll, beforeAll, expect, test } from 'vitest'
import type { MintInput, ScopedMemory } from '../../src/index.ts'
import { grantOf } from '../support/erasing.ts'
import { TestKeep } from '../support/test-keep.ts'

// Whatever the kernel denies before it asks a doorway: as what a doorway denies it leaves one event of its act, and nothing in it says what was asked for.

let store: TestKeep
let id: string

beforeAll(async () => {
  store = await TestKeep.start({ languages: { languageOf: () => null, language: () => null } })
  id = (await store.memory().add('a note', { actor: 'user' })).id
  await store.memory().search('note')
})
afterAll(() => store[Symbol.asyncDispose]())

interface Row {
  readonly action: string
  readonly outcome: string
  readonly subject: Buffer | null
  readonly affected: number
  readonly memories: readonly string[]
}

const events = () =>
  store.database.query<Row>(
    'select action, outcome, subject, affected, memories from memkeep.event order by recorded_at',
  )

const bound = () => store.memory({ session: 'here', roles: ['admin'], rights: ['mint'] })
const minter = () => store.memory({ rights: ['mint'] })
const elsewhere = 'canary-session'

const ways: readonly [string, string, () => Promise<unknown>][] = [
  ['a search of another session', 'memory.search', () => bound().search('note', { session: elsewhere })],
  ['a search of another agent', 'memory.search', () => store.memory({ agent: 'a' }).search('x', { agent: elsewhere })],
  ['a memory of another session', 'memory.add', () => bound().add('x', { actor: 'user', session: elsewhere })],
  [
    'memories of another session',
    'memory.add',
    () => bound().addMany([{ content: 'x', actor: 'user', session: elsewhere }]),
  ],
  [
    'turns of another session',
    'memory.add',
    () => bound().addMessages([{ role: 'user', content: 'x' }], { session: elsewhere }),
  ],
  ['a change in another session', 'memory.update', () => update(bound())],
  ['a deletion in another session', 'memory.delete', () => bound().deleteMany({ session: elsewhere })],
  [
    'a deletion in another session, where nothing stands',
    'memory.delete',
    () => store.memory({ subject: 'nobody', session: 'here' }).deleteMany({ session: elsewhere }),
  ],
  ['a key of a role more', 'token.mint', () => mint(minter(), { subject: 'ana', roles: ['admin'] })],
  ['a key of a right more', 'token.mint', () => mint(minter(), { subject: 'ana', rights: ['export'] })],
  ['a key that mints', 'token.mint', () => mint(minter(), { subject: 'ana', rights: ['mint'] })],
  ['a key of another subject', 'token.mint', () => mint(minter(), { subject: 'bruno' })],
  ['a key of the tenant', 'token.mint', () => mint(minter(), { subject: null })],
  [
    'a key of the tenant for a role more',
    'token.mint',
    () => mint(store.common({ rights: ['mint'] }), { subject: null, roles: ['admin'] }),
  ],
  ['a key of a session', 'token.mint', () => mint(bound(), { subject: 'ana' })],
  ['shelves sealed anew by a session', 'memory.reseal', () => bound().reseal()],
  ['shelves embedded anew by a session', 'memory.reindex', () => bound().reembed()],
  ['a whole log by a subject', 'audit.export', () => drain(store.memory({ rights: ['audit'] }).audit.export())],
  ['a whole log by nobody', 'audit.export', () => drain(store.common({ rights: ['audit'] }).audit.export())],
  ['a search without the right', 'memory.search', () => store.memory({ roles: [] }).search('note')],
  ['a search of every subject without the right', 'memory.search', () => store.wide().search('note')],
  ['a list without the right', 'memory.list', () => store.memory({ roles: [], subject: 'new' }).list()],
  ['a list of every subject without the right', 'memory.list', () => store.wide().list()],
  ['a change without the right', 'memory.update', () => change(store.memory({ roles: [] }))],
  ['a change without the right to read', 'memory.update', () => change(store.memory({ roles: [], rights: ['write'] }))],
  ['a change by a reader', 'memory.update', () => change(store.memory({ roles: [], rights: ['read'] }))],
  ['a shelf sealed anew without the right', 'memory.reseal', () => store.memory({ roles: [] }).reseal()],
  ['all shelves sealed anew without the right', 'memory.reseal', () => store.wide().reseal()],
  ['a shelf sealed anew below what stands there', 'memory.reseal', () => store.memory({ roles: ['agent'] }).reseal()],
  ['an export without the right', 'memory.export', () => drain(store.memory().export())],
  ['an export of every subject without the right', 'memory.export', () => drain(store.wide().export())],
  ['a log without the right', 'audit.export', () => drain(store.wide().audit.export())],
  ['a removal without the right', 'artifact.remove', () => store.memory({ roles: [] }).artifacts.remove(id)],
  [
    'a removal by a reader',
    'artifact.remove',
    () => store.memory({ roles: [], rights: ['read'] }).artifacts.remove(id),
  ],
]

async function drain(files: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of files);
}

const mint = (memory: ScopedMemory, input: MintInput) => memory.mintKey(input)
const change = (memory: ScopedMemory) => memory.update(id, { tags: ['t'] }, { actor: 'user' })
const update = (memory: ScopedMemory) => memory.update(id, { tags: ['t'] }, { actor: 'user', session: elsewhere })

test.each(ways)('%s', async (_, action, run) => {
  const before = (await events()).length
  await expect(run()).rejects.toMatchObject({ code: 'ERR_ACCESS_DENIED' })
  const left = (await events()).slice(before)
  expect(left.map((event) => [event.action, event.outcome, event.affected])).toEqual([[action, 'denied', 0]])
})

test('each of them is in the ledger of its tenant, whole, and says who', async () => {
  await store.keep.sequence()
  const { items } = await store.wide({ roles: ['admin'] }).audit.list({ limit: 100 })
  const denied = items.filter(({ outcome }) => outcome === 'denied')
  expect(denied).toHaveLength(ways.length)
  for (const event of denied) expect(event).toMatchObject({ principal: { id: 'svc' }, intact: true })
  expect(JSON.stringify(denied)).not.toContain(elsewhere)
})

test('an id that can be nobody’s is denied, and looked for, as any other', async () => {
  const holds = (...rights: Parameters<typeof grantOf>) => store.keep.privileged(grantOf(...rights)).holds
  for (const [action, run] of [
    ['hold.release', () => holds('tenants').release('acme', 'no id')],
    ['erasure.list', () => store.memory().erasures.show('no id')],
  ] as const) {
    const before = (await events()).length
    await expect(run()).rejects.toMatchObject({ code: 'ERR_ACCESS_DENIED' })
    expect((await events()).slice(before)).toMatchObject([{ action, outcome: 'denied' }])
  }
  const before = (await events()).length
  expect(await holds('holds').release('acme', 'no id')).toBe(false)
  expect((await events()).slice(before)).toMatchObject([{ action: 'hold.release', outcome: 'missing' }])
})

test('the right to export a whole tenant is one to read it', async () => {
  const records: unknown[] = []
  for await (const record of store.wide({ roles: [], rights: ['export', 'tenant'] }).export()) records.push(record)
  expect(records).toContainEqual(expect.objectContaining({ content: 'a note', subject: 'ana' }))
})

test('what is wrong in itself is none', async () => {
  const before = (await events()).length
  for (const run of [
    () => bound().search('note', { session: '' }),
    () => bound().add('x', { actor: 'nobody' as never, session: 'here' }),
    () => bound().deleteMany({} as never),
    () => mint(minter(), { subject: 'ana', maker: 'x' }),
    () => minter().noteDenied('memory.add' as never),
  ]) {
    await expect(run()).rejects.toMatchObject({ code: 'ERR_INPUT_INVALID' })
  }
  expect(await events()).toHaveLength(before)
})
