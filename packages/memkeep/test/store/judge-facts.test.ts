import { afterAll, beforeAll, expect, test } from 'vitest'
import { freshDatabase, type TestDatabase } from '../../../../test/database.ts'
import { judgeStore, judgeTransport, type ServerCircumstances } from '../../src/store/judge-facts.ts'
import { readStoreFacts, type StoreFacts } from '../../src/store/login-facts.ts'
import { securityMinors, serverAge, versionText } from '../../src/store/server-version.ts'
import { withClient } from './private-server.ts'

// What a test cannot do to the server it runs on, it says of it: real facts with one of them altered.
let database: TestDatabase
let facts: StoreFacts
const local: ServerCircumstances = { embedded: false, tls: 'loopback' }

beforeAll(async () => {
  database = await freshDatabase()
  facts = { ...(await withClient(database.app, readStoreFacts)), server: 180006 }
})
afterAll(() => database.drop())

const codes = (altered: Partial<StoreFacts>, server: ServerCircumstances = local): string[] =>
  judgeStore({ ...facts, ...altered }, 'memkeep_app', server).map(({ code, fatal }) => `${code}${fatal ? '!' : ''}`)

test('the control: a current server as installed has nothing against it', () => {
  expect(codes({})).toEqual([])
})

test('a server that does not force its writes to disk', () => {
  expect(codes({ fsync: 'off' })).toEqual(['fsync-off!'])
  expect(codes({ fullPageWrites: 'off' })).toEqual(['full-page-writes-off!'])
  expect(codes({ synchronousCommit: 'off' })).toEqual(['synchronous-commit-off!'])
  for (const synchronousCommit of ['on', 'local', 'remote_write', 'remote_apply'])
    expect(codes({ synchronousCommit })).toEqual([])
})

test('a server of any age', () => {
  for (const server of [180006, 180007, 170012, 160016, 150020]) expect(codes({ server })).toEqual([])
  for (const server of [180005, 180000, 170011, 160015, 150019]) {
    expect(codes({ server })).toEqual(['server-old!'])
    expect(codes({ server }, { ...local, acceptOldServer: true })).toEqual(['server-old'])
    expect(codes({ server }, { ...local, embedded: true })).toEqual(['server-old'])
  }
  for (const server of [140024, 130030, 90624]) {
    expect(codes({ server }, { embedded: true, acceptOldServer: true, tls: 'loopback' })).toEqual([
      'server-unsupported!',
    ])
  }
  expect(codes({ server: 190000 })).toEqual(['server-unknown'])
})

test('a gap in the list counts as old', () => {
  expect(serverAge(160099, { asOf: '', minors: { 15: 1, 17: 1 } })).toBe('old')
  expect(versionText(180004)).toBe('18.4')
})

test('the list of minors: every supported major, dated, none in the future of its date', () => {
  const { asOf, minors } = securityMinors()
  expect(asOf).toMatch(/^\d{4}-\d{2}-\d{2}$/)
  expect(minors).toEqual({ 15: 20, 16: 16, 17: 12, 18: 6 })
})

test('another build of the same version is told, not refused', () => {
  const note = facts.note!.replace(/[0-9a-f]{32}$/, '0'.repeat(32))
  expect(codes({ note })).toEqual(['doorways-differ'])
})

test('a connection that leaves the machine', () => {
  expect(codes({}, { embedded: false, tls: 'none' })).toEqual(['tls-missing!'])
  expect(codes({}, { embedded: false, tls: 'verified' })).toEqual([])
  expect(judgeTransport('none')).toHaveLength(1)
})

test('messages name a few things and count the rest', () => {
  const relations = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
  const [finding] = judgeStore({ ...facts, relations }, 'memkeep_app', local)
  expect(finding!.message).toBe('the login holds a privilege on a, b, c, d and 3 more')
  expect(judgeStore({ ...facts, relations: relations.slice(0, 5) }, 'memkeep_app', local)[0]!.message).toMatch(
    /a, b, c, d, e$/,
  )
})
