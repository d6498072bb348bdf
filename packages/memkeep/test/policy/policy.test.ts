import { expect, test } from 'vitest'
import { MemkeepError } from '../../src/core/errors.ts'
import { actors, sensitivities } from '../../src/core/labels.ts'
import { checkPrincipal } from '../../src/core/principal.ts'
import { grantOnlyRights, type Right, rightBits, rights } from '../../src/core/rights.ts'
import { checkPolicy, defaultPolicy, type Policy, powersOf } from '../../src/policy/policy.ts'

const powers = (roles: string[], policy: Policy = defaultPolicy, more: object = {}) =>
  powersOf(checkPrincipal({ id: 'svc', roles, ...more }), policy)
const labels = (mask: number) => sensitivities.filter((_, index) => mask & (1 << index))
const authors = (mask: number) => actors.filter((_, index) => mask & (1 << index))
const held = (mask: number) => rights.filter((right) => mask & rightBits[right])

test('the default is that of the design', () => {
  expect(labels(powers(['agent']).clearance)).toEqual(['public', 'private'])
  expect(labels(powers(['agent']).writable)).toEqual(['public', 'private', 'sensitive'])
  expect(held(powers(['agent']).rights)).toEqual(['read', 'write', 'delete'])
  expect(labels(powers(['admin']).clearance)).toEqual(['public', 'private', 'sensitive'])
  expect(labels(powers(['export']).clearance)).toEqual(['public'])
  expect(labels(powers(['export']).writable)).toEqual([])
  for (const role of ['agent', 'admin']) expect(authors(powers([role]).actors)).toEqual(['user', 'agent', 'tool'])
})

test('no role of a tenant brings what only a grant may', () => {
  for (const role of Object.keys(defaultPolicy)) {
    for (const right of grantOnlyRights) expect(held(powers([role]).rights)).not.toContain(right)
  }
})

test('what is not named brings nothing, however it is called', () => {
  const nothing = { clearance: 0, writable: 0, actors: 0, rights: 0 }
  for (const role of ['unknown', '__proto__', 'constructor', 'toString', 'hasOwnProperty', '*', 'Agent', 'agent ']) {
    expect(powers([role])).toEqual(nothing)
  }
  expect(powers([])).toEqual(nothing)
  expect(powers(['agent'], {})).toEqual(nothing)
})

test('roles add up; own rights and actors add to them', () => {
  const policy = checkPolicy({
    reader: { reads: ['public'], writes: [], rights: ['read'], actors: [] },
    writer: { reads: [], writes: ['sensitive'], rights: ['write'], actors: ['tool'] },
  })
  const both = powers(['reader', 'writer', 'reader'], policy, { rights: ['common'], actors: ['system'] })
  expect(labels(both.clearance)).toEqual(['public'])
  expect(labels(both.writable)).toEqual(['sensitive'])
  expect(held(both.rights)).toEqual(['read', 'write', 'common'])
  expect(authors(both.actors)).toEqual(['system', 'tool'])
})

test('a policy from outside is copied, frozen, and cleaned of repetitions', () => {
  const given = { r: { reads: ['public', 'public'], writes: [], rights: ['read' as Right], actors: [] } }
  const policy = checkPolicy(given)
  given.r.reads.push('sensitive')
  given.r.rights.push('write')
  expect(policy.r).toEqual({ reads: ['public'], writes: [], rights: ['read'], actors: [] })
  for (const part of [policy, policy.r, ...Object.values(policy.r!)]) expect(Object.isFrozen(part)).toBe(true)
  for (const role of Object.values(defaultPolicy))
    expect(Object.isFrozen(role) && Object.isFrozen(role.reads)).toBe(true)
  expect(checkPolicy({})).toEqual({})
  expect(checkPolicy(defaultPolicy)).toEqual(defaultPolicy)
})

const role = { reads: [], writes: [], rights: [], actors: [] }
test.each([
  ['nothing', undefined],
  ['null', null],
  ['a text', 'agent'],
  ['a list', [role]],
  ['a role that is none', { agent: null }],
  ['a role that is a text', { agent: 'all' }],
  ['a role without a name', { '': role }],
  ['a name with a control character', { 'a\n': role }],
  ['a field too many', { agent: { ...role, clearance: 7 } }],
  ['a field missing', { agent: { reads: [], writes: [], rights: [] } }],
  ['a field that is no list', { agent: { ...role, reads: 'public' } }],
  ['an unknown sensitivity', { agent: { ...role, reads: ['secret'] } }],
  ['an unknown sensitivity to write', { agent: { ...role, writes: ['secret'] } }],
  ['an unknown right', { agent: { ...role, rights: ['root'] } }],
  ['a right of grants', { agent: { ...role, rights: ['tenants'] } }],
  ['the right of upkeep', { agent: { ...role, rights: ['upkeep'] } }],
  ['an unknown actor', { agent: { ...role, actors: ['root'] } }],
  ['65 roles', Object.fromEntries(Array.from({ length: 65 }, (_, n) => [`r${n}`, role]))],
])('refused: %s', (_, policy) => {
  expect(() => checkPolicy(policy)).toThrow(MemkeepError)
})
