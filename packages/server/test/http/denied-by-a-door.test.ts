import { afterAll, beforeAll, expect, test } from 'vitest'
import { Served } from '../support/served.ts'

// What the server denies a credential before it asks for it, or the kernel before it asks the database: one event each.

let served: Served
const credentials: Record<string, string> = {}

beforeAll(async () => {
  served = await Served.start({ freshMs: 60_000 })
  credentials.service = await served.key('acme', null, ['agent'], ['mint'])
  credentials.ana = await served.key('acme', 'ana', ['admin'], ['mint'])
  const { body } = await served.ask('POST', '/v1/tokens', { key: credentials.ana, body: { subject: 'ana' } })
  credentials.minted = body.token
  await served.add(credentials.ana, 'a note')
})
afterAll(() => served[Symbol.asyncDispose]())

const erasure = { kind: 'tenant', confirm: 'acme', reason: 'request' }

test.each([
  ['a role more', 'service', '/v1/tokens', { subject: 'ana', roles: ['admin'] }, 'token.mint'],
  ['the right to mint', 'service', '/v1/tokens', { subject: 'ana', rights: ['mint'] }, 'token.mint'],
  ['a token of another subject', 'ana', '/v1/tokens', { subject: 'bruno' }, 'token.mint'],
  ['a token of the tenant', 'ana', '/v1/tokens', { subject: null }, 'token.mint'],
  ['a token by a token', 'minted', '/v1/tokens', { subject: 'ana' }, 'token.mint'],
  ['the tenant erased by a subject', 'ana', '/v1/erasures', erasure, 'erasure.requested'],
  ['a subject erased by the tenant', 'service', '/v1/erasures', { ...erasure, kind: 'subject' }, 'erasure.requested'],
])('%s', async (_, whose, path, body, action) => {
  const count = async () => (await served.database.query('select from memkeep.event')).length
  const before = await count()
  const answer = await served.ask('POST', path, { key: credentials[whose]!, body })
  expect([answer.status, answer.body.code]).toEqual([403, 'ERR_ACCESS_DENIED'])
  const left = await served.database.query('select action, outcome from memkeep.event order by recorded_at offset $1', [
    before,
  ])
  expect(left).toEqual([{ action, outcome: 'denied' }])
})
