import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mintCommonScope, mintScope, mintTenantScope } from '../../src/trust.ts'
import { codeOf } from '../support/code-of.ts'
import { TestKeep } from '../support/test-keep.ts'

let store: TestKeep
beforeAll(async () => {
  store = await TestKeep.start()
})
afterAll(() => store?.[Symbol.asyncDispose]())

/** Ids that mean something somewhere else: here each is one ordinary id, equal to nothing but itself. */
const ordinary = [
  ...[
    '*',
    '%',
    '_',
    ':',
    '/',
    '..',
    '.',
    '',
    'null',
    'undefined',
    '0',
    ' ',
    'a ',
    ' a',
    'a',
    'A',
    'a:b',
    'a/b',
    'a',
    'b',
  ],
  ...['a%', 'a_', "a'b", 'a"b', 'a\\b', '$1', '{}', '__proto__', 'constructor', 'toString', '../a', 'a/../b', '%2e%2e'],
  ...['\u00e9', 'e\u0301', 'é', '\u212b', '\u00c5', '\u{1f600}', '\u200b', 'ﬁ', 'fi', 'I', 'ı', 'İ', 'i'],
  ...['\u{1f469}\u200d\u{1f680}', '\u{1f680}'.repeat(200), 'x'.repeat(200), '\u202eabc', 'ß', 'ss', '㌀', 'ア'],
]
const ids = [...new Set(ordinary)].filter((id) => id !== '')
const unfit = [
  '\ud800',
  'a\udc00b',
  '\u0000',
  'a\u0000',
  'a\nb',
  '\t',
  '\u007f',
  '\u0085',
  'x'.repeat(201),
  '\u{1f680}'.repeat(201),
]
const user = { actor: 'user' } as const
const principal = { id: 'svc', roles: ['agent'] }

test('every one of them is a subject of its own', async () => {
  await Promise.all(ids.map((subject) => store.memory({ subject }).add(`of ${subject}`, { ...user, session: subject })))
  for (const subject of ids) {
    const { items } = await store.memory({ subject }).list()
    expect(items.map(({ content }) => content)).toEqual([`of ${subject}`])
    expect((await store.memory({ subject, session: subject }).list()).items).toHaveLength(1)
  }
  const shelves = await store.database.query('select distinct subject from memkeep.shelf')
  expect(shelves).toHaveLength(ids.length)
  const wide = await store.wide({ roles: ['admin'] }).list({ limit: 100 })
  expect(wide.items.map(({ subject }) => subject).sort()).toEqual([...ids].sort())
})

test('every one of them is a tenant of its own', async () => {
  const few = ids.filter((_, index) => index % 3 === 0 || index < 6)
  for (const tenant of few) await store.createTenant(tenant)
  for (const tenant of few) await store.memory({ tenant, subject: '*' }).add(`in ${tenant}`, user)
  for (const tenant of few) {
    const { items } = await store.memory({ tenant, subject: '*' }).list()
    expect(items.map(({ content }) => content)).toEqual([`in ${tenant}`])
  }
  const listed = await store.privileged().tenants.list({ limit: 1000 })
  expect(listed.items.map(({ tenant }) => tenant).sort()).toEqual([...new Set([...few, 'acme', 'globex'])].sort())
})

test('a tenant that was not created is unknown, whatever it is called', async () => {
  for (const tenant of ['nobody', '**', 'acme ', 'Acme', 'ac%me']) {
    expect(await codeOf(store.memory({ tenant }).list())).toBe('ERR_TENANT_UNKNOWN')
    expect(await codeOf(store.memory({ tenant }).add('x', user))).toBe('ERR_TENANT_UNKNOWN')
  }
})

describe('no scope is minted', () => {
  test('without a tenant, a subject or a principal', async () => {
    const whole = { tenant: 'acme', subject: 'ana', principal }
    for (const missing of ['', undefined, null, 7, {}, ['a'], Symbol.iterator, new String('acme')]) {
      for (const field of ['tenant', 'subject'] as const) {
        const input = { ...whole, [field]: missing } as typeof whole
        expect(await codeOf(() => mintScope(input))).toBe('ERR_SCOPE_REQUIRED')
      }
      const input = { tenant: missing as string, principal }
      expect(await codeOf(() => mintCommonScope(input))).toBe('ERR_SCOPE_REQUIRED')
      expect(await codeOf(() => mintTenantScope(input))).toBe('ERR_SCOPE_REQUIRED')
      expect(await codeOf(() => mintScope({ ...whole, principal: { id: missing as string, roles: [] } }))).toBe(
        'ERR_SCOPE_REQUIRED',
      )
    }
    for (const input of [undefined, null, 'acme', 7]) {
      expect(await codeOf(() => mintScope(input as unknown as typeof whole))).toBe('ERR_SCOPE_REQUIRED')
      expect(await codeOf(() => mintScope({ ...whole, principal: input as unknown as typeof principal }))).toBe(
        'ERR_SCOPE_REQUIRED',
      )
    }
  })

  test('with an id that holds a control character or a lone surrogate, or is too long', async () => {
    for (const id of unfit) {
      expect(await codeOf(() => mintScope({ tenant: id, subject: 'ana', principal }))).toBe('ERR_INPUT_INVALID')
      expect(await codeOf(() => mintScope({ tenant: 'acme', subject: id, principal }))).toBe('ERR_INPUT_INVALID')
      expect(await codeOf(() => mintScope({ tenant: 'acme', subject: 'ana', agent: id, principal }))).toBe(
        'ERR_INPUT_INVALID',
      )
      expect(await codeOf(() => mintScope({ tenant: 'acme', subject: 'ana', session: id, principal }))).toBe(
        'ERR_INPUT_INVALID',
      )
      expect(await codeOf(() => mintScope({ tenant: 'acme', subject: 'ana', principal: { id, roles: [] } }))).toBe(
        'ERR_INPUT_INVALID',
      )
      expect(await codeOf(() => store.privileged().tenants.create(id))).toBe('ERR_INPUT_INVALID')
      expect(await codeOf(store.memory().add('x', { ...user, session: id }))).toBe('ERR_INPUT_INVALID')
    }
  })
})
