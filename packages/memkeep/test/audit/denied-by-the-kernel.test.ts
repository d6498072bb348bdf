import { afterAll, beforeAll, expect, test } from 'vitest'
import type { MintInput, ScopedMemory } from '../../src/index.ts'
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
]

async function drain(files: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of files);
}

const mint = (memory: ScopedMemory, input: MintInput) => memory.mintKey(input)
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
