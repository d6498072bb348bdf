import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { readGrant } from '../../src/core/grant.ts'
import { readScope } from '../../src/core/scope.ts'
import { mintCommonScope, mintGrant, mintScope, mintTenantScope, type SubjectScope } from '../../src/trust.ts'
import { codeOf } from '../support/code-of.ts'
import { TestKeep } from '../support/test-keep.ts'

let store: TestKeep
beforeAll(async () => {
  store = await TestKeep.start()
})
afterAll(() => store?.[Symbol.asyncDispose]())
afterEach(() => {
  vi.useRealTimers()
})

const principal = { id: 'svc', roles: ['admin'] }
const minted = {
  'a subject scope': () => mintScope({ tenant: 'acme', subject: 'ana', principal, agent: 'a', session: 's' }),
  'a common scope': () => mintCommonScope({ tenant: 'acme', principal }),
  'a tenant-wide scope': () => mintTenantScope({ tenant: 'acme', principal }),
}
type Forge = (scope: object) => unknown
const constructorOf = (scope: object) => scope.constructor as new (...args: unknown[]) => object
const claims = {
  reach: 'subject',
  tenant: 'acme',
  subject: 'ana',
  principal,
  agent: null,
  session: null,
  expiresAtMs: 9e15,
}

/** Things that look like a scope, or come as near to one as JavaScript lets them. */
const forgeries: Record<string, Forge> = {
  'a string': () => 'acme',
  nothing: () => undefined,
  null: () => null,
  'a function': () => () => claims,
  'a plain object': () => ({ tenant: 'acme', subject: 'ana', principal }),
  'its claims': () => claims,
  'a spread': (scope) => ({ ...scope }),
  structuredClone: (scope) => structuredClone(scope),
  'a JSON round trip': (scope) => JSON.parse(JSON.stringify(scope)),
  'Object.create of it': (scope) => Object.create(scope),
  'Object.create of its prototype': (scope) => Object.create(Object.getPrototypeOf(scope)),
  'Object.assign onto its prototype': (scope) =>
    Object.assign(Object.create(Object.getPrototypeOf(scope)), scope, claims),
  'a proxy': (scope) => new Proxy(scope, {}),
  'a proxy that answers everything': (scope) =>
    new Proxy(scope, { get: (target, key) => Reflect.get(target, key), has: () => true }),
  'a proxy of a proxy': (scope) => new Proxy(new Proxy(scope, {}), {}),
  'an object whose prototype was set': (scope) => Object.setPrototypeOf({ ...claims }, Object.getPrototypeOf(scope)),
  'an object with Symbol.hasInstance about it': (scope) => ({ __proto__: scope, constructor: constructorOf(scope) }),
}

/** Ways to construct one without minting: each throws before there is anything. */
const constructions: Record<string, Forge> = {
  'new scope.constructor(claims)': (scope) => new (constructorOf(scope))(claims),
  'with a symbol of that name': (scope) => new (constructorOf(scope))(Symbol('mint'), claims),
  'with a registered symbol': (scope) => new (constructorOf(scope))(Symbol.for('mint'), claims),
  'Reflect.construct': (scope) => Reflect.construct(constructorOf(scope), [undefined, claims], constructorOf(scope)),
  'Reflect.construct with another new.target': (scope) =>
    Reflect.construct(constructorOf(scope), [Symbol('mint'), claims], class {}),
  'a subclass': (scope) => new (class extends constructorOf(scope) {})(Symbol('mint'), claims),
  'the base class': (scope) => Reflect.construct(Object.getPrototypeOf(constructorOf(scope)), [Symbol('mint'), claims]),
  'calling the constructor': (scope) =>
    (constructorOf(scope) as unknown as { call(...args: unknown[]): unknown }).call({}, Symbol('mint'), claims),
}

describe.each(Object.entries(minted))('%s', (_, mint) => {
  test('as minted is taken', async () => {
    expect(await codeOf(() => store.keep.for(mint() as SubjectScope))).toBe('none')
  })

  test.each(Object.entries(forgeries))('%s is refused', async (_, forge) => {
    const forged = forge(mint())
    expect(await codeOf(() => store.keep.for(forged as SubjectScope))).toBe('ERR_SCOPE_REQUIRED')
    expect(await codeOf(() => readScope(forged))).toBe('ERR_SCOPE_REQUIRED')
  })

  test.each(Object.entries(constructions))('%s is refused', (_, construct) => {
    let built: unknown
    expect(() => {
      built = construct(mint())
    }).toThrow(/minted by memkeep\/trust only|without 'new'|cannot be invoked/)
    expect(built).toBeUndefined()
  })

  test('shows nothing of itself, and cannot be changed', () => {
    const scope = mint()
    const shown = [
      JSON.stringify(scope),
      inspect(scope, { showHidden: true, depth: 9 }),
      String(scope),
      Object.keys(scope).join(),
    ]
    for (const text of shown) expect(text).not.toMatch(/acme|ana|svc|admin/)
    expect(Object.isFrozen(scope)).toBe(true)
    expect(Reflect.ownKeys(scope)).toEqual([])
    expect(Object.isFrozen(readScope(scope))).toBe(true)
    expect(Object.isFrozen(readScope(scope).principal)).toBe(true)
  })
})

test('what the mint was given can be changed afterwards: the scope keeps what it was minted for', () => {
  const input = {
    tenant: 'acme',
    subject: 'ana',
    principal: { id: 'svc', roles: ['agent'], rights: ['read' as const], actors: ['user' as const] },
  }
  const scope = mintScope(input)
  input.tenant = 'globex'
  input.subject = 'bob'
  input.principal.id = 'root'
  input.principal.roles.push('admin')
  expect(readScope(scope)).toMatchObject({
    tenant: 'acme',
    subject: 'ana',
    principal: { id: 'svc', roles: ['agent'], rights: ['read'], actors: ['user'] },
  })
})

describe('a second copy of the package', () => {
  const root = mkdtempSync(join(tmpdir(), 'mk-copy-'))
  afterAll(() => rmSync(root, { recursive: true, force: true }))

  test('mints what this copy refuses, and refuses what this copy mints', async () => {
    cpSync(join(import.meta.dirname, '../../src'), join(root, 'src'), { recursive: true })
    writeFileSync(join(root, 'package.json'), '{"type": "module"}')
    mkdirSync(join(root, 'node_modules'))
    symlinkSync(join(import.meta.dirname, '../../../../node_modules/pg'), join(root, 'node_modules/pg'))
    const copy = (await import(/* @vite-ignore */ join(root, 'src/trust.ts'))) as typeof import('../../src/trust.ts')
    const words = (await import(
      /* @vite-ignore */ join(root, 'src/core/scope.ts')
    )) as typeof import('../../src/core/scope.ts')
    const foreign = copy.mintScope({ tenant: 'acme', subject: 'ana', principal })
    expect(words.readScope(foreign).tenant).toBe('acme')
    expect(await codeOf(() => store.keep.for(foreign))).toBe('ERR_SCOPE_REQUIRED')
    const grant = copy.mintGrant({ principal, rights: ['tenants'], reason: 'x', ttlSeconds: 60 })
    expect(await codeOf(() => store.keep.privileged(grant))).toBe('ERR_SCOPE_REQUIRED')
    expect(() => words.readScope(mintScope({ tenant: 'acme', subject: 'ana', principal }))).toThrow(
      'minted by memkeep/trust',
    )
  })
})

describe('time', () => {
  test('a scope expires: no handle, and every verb of a handle made before refuses', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: new Date() })
    const scope = mintScope({ tenant: 'acme', subject: 'ana', principal, ttlSeconds: 5 })
    const wide = mintTenantScope({ tenant: 'acme', principal, ttlSeconds: 5 })
    const [memory, reading] = [store.keep.for(scope), store.keep.for(wide)]
    vi.setSystemTime(Date.now() + 4999)
    expect(await codeOf(() => store.keep.for(scope))).toBe('none')
    vi.setSystemTime(Date.now() + 1)
    const turn = { role: 'user', content: 'x' } as const
    const calls = [
      () => store.keep.for(scope),
      () => store.keep.for(wide),
      () => memory.add('x', { actor: 'user' }),
      () => memory.addMany([{ content: 'x', actor: 'user' }]),
      () => memory.addMessages([turn], { session: 's' }),
      () => memory.get('x'),
      () => memory.list(),
      () => memory.search('x'),
      () => memory.history('x'),
      () => memory.update('x', {}, { actor: 'user' }),
      () => memory.delete('x'),
      () => memory.deleteMany({ all: true }),
      () => reading.list(),
      () => reading.search('x'),
      () => reading.get('x'),
      () => reading.history('x'),
    ]
    for (const call of calls) expect(await codeOf(call)).toBe('ERR_SCOPE_EXPIRED')
  })

  test('900 seconds by default, from 1 to 86,400 when said', async () => {
    const seconds = (scope: object) => Math.round((readScope(scope).expiresAtMs - Date.now()) / 1000)
    expect(seconds(mintScope({ tenant: 'acme', subject: 'ana', principal }))).toBe(900)
    expect(seconds(mintCommonScope({ tenant: 'acme', principal, ttlSeconds: 86_400 }))).toBe(86_400)
    for (const ttlSeconds of [0, -1, 1.5, 86_401, Number.NaN, Number.POSITIVE_INFINITY, '900', null]) {
      const input = { tenant: 'acme', principal, ttlSeconds: ttlSeconds as number }
      if (ttlSeconds === null) continue
      expect(await codeOf(() => mintCommonScope(input))).toBe('ERR_INPUT_INVALID')
      expect(await codeOf(() => mintScope({ ...input, subject: 'ana' }))).toBe('ERR_INPUT_INVALID')
    }
  })
})

describe('principals', () => {
  test.each([
    ['roles that are none', { roles: 'agent' }],
    ['a role that is no id', { roles: [''] }],
    ['too many roles', { roles: Array.from({ length: 65 }, (_, n) => `r${n}`) }],
    ['an unknown right', { rights: ['root'] }],
    ['a right of grants', { rights: ['tenants'] }],
    ['the right of upkeep', { rights: ['upkeep'] }],
    ['an unknown actor', { actors: ['root'] }],
    ['holes', { rights: new Array(2) }],
  ])('%s', async (_, over) => {
    const bad = { id: 'svc', roles: ['agent'], ...over } as never
    expect(await codeOf(() => mintScope({ tenant: 'acme', subject: 'ana', principal: bad }))).toBe('ERR_INPUT_INVALID')
  })
})

describe('grants', () => {
  const mint = () => mintGrant({ principal, rights: ['tenants'], reason: 'a test', ttlSeconds: 60 })

  test.each(Object.entries(forgeries))('%s is refused', async (_, forge) => {
    expect(await codeOf(() => store.keep.privileged(forge(mint()) as never))).toBe('ERR_SCOPE_REQUIRED')
    expect(await codeOf(() => readGrant(forge(mint())))).toBe('ERR_SCOPE_REQUIRED')
  })

  test('cannot be constructed, and a scope is none', async () => {
    expect(await codeOf(() => new (constructorOf(mint()))(Symbol('mint'), {}))).toBe('ERR_SCOPE_REQUIRED')
    for (const scope of Object.values(minted))
      expect(await codeOf(() => store.keep.privileged(scope() as never))).toBe('ERR_SCOPE_REQUIRED')
    expect(await codeOf(() => store.keep.for(mint() as never))).toBe('ERR_SCOPE_REQUIRED')
  })

  test('state their rights and a reason', async () => {
    const whole = { principal, rights: ['tenants'], reason: 'a test', ttlSeconds: 60 }
    const bads = [
      { rights: [] },
      { rights: ['root'] },
      { rights: 'tenants' },
      { rights: ['read'] },
      { reason: '' },
      { reason: undefined },
      { ttlSeconds: undefined },
    ]
    for (const bad of bads)
      expect(await codeOf(() => mintGrant({ ...whole, ...bad } as never))).toBe('ERR_INPUT_INVALID')
    expect(await codeOf(() => mintGrant({ ...whole, reason: 'x'.repeat(1001) } as never))).toBe('ERR_INPUT_TOO_LARGE')
    expect(await codeOf(() => mintGrant(null as never))).toBe('ERR_SCOPE_REQUIRED')
    expect(await codeOf(() => mintGrant({ ...whole, principal: undefined } as never))).toBe('ERR_SCOPE_REQUIRED')
  })

  test('expire', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: new Date() })
    const grant = mint()
    const tenants = store.keep.privileged(grant).tenants
    vi.setSystemTime(Date.now() + 60_000)
    expect(await codeOf(() => store.keep.privileged(grant))).toBe('ERR_SCOPE_EXPIRED')
    expect(await codeOf(() => tenants.list())).toBe('ERR_SCOPE_EXPIRED')
    expect(await codeOf(() => tenants.create('x'))).toBe('ERR_SCOPE_EXPIRED')
    expect(await codeOf(() => tenants.setPolicy('acme', null))).toBe('ERR_SCOPE_EXPIRED')
  })
})
