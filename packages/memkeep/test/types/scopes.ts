import type {
  CommonScope,
  Keep,
  ReadableMemory,
  ScopedMemory,
  SubjectScope,
  TenantScope,
  TenantWideScope,
} from '../../src/index.ts'
import { type Grant, mintCommonScope, mintGrant, mintScope, mintTenantScope } from '../../src/trust.ts'

// Compiled, never run: core/scope-types.test.ts. Each @ts-expect-error is an error of its own when its line compiles.

declare const keep: Keep
const principal = { id: 'svc', roles: ['agent'] }
const subject: SubjectScope = mintScope({ tenant: 'acme', subject: 'ana', principal })
const common: CommonScope = mintCommonScope({ tenant: 'acme', principal })
const wide: TenantWideScope = mintTenantScope({ tenant: 'acme', principal })
const grant: Grant = mintGrant({ principal, rights: ['tenants'], reason: 'x', ttlSeconds: 60 })

export const memory: ScopedMemory = keep.for(subject)
export const shared: ScopedMemory = keep.for(common)
export const reading: ReadableMemory = keep.for(wide)
export const bases: TenantScope[] = [subject, common, wide]
export const privileged = keep.privileged(grant)

// A scope is nothing but a minted one.
// @ts-expect-error a string
keep.for('acme')
// @ts-expect-error nothing
keep.for()
// @ts-expect-error null
keep.for(null)
// @ts-expect-error a plain object
keep.for({ tenant: 'acme', subject: 'ana', principal })
// @ts-expect-error a spread
keep.for({ ...subject })
// @ts-expect-error its JSON, as what it parses to
keep.for(JSON.parse(JSON.stringify(subject)) as unknown)
// @ts-expect-error a copy of its shape
keep.for(Object.assign({}, { reach: 'subject' as const }))
// @ts-expect-error an object with its prototype, as what Object.create says it makes
keep.for(Object.create(Object.getPrototypeOf(subject)) as object)
// @ts-expect-error a constructor is a Function, which is not constructable
new subject.constructor(Symbol('mint'), {})
// @ts-expect-error a grant is no scope
keep.for(grant)
// @ts-expect-error a scope is no grant
keep.privileged(subject)
// @ts-expect-error the base class of all three is none of them
keep.for(subject as TenantScope)

// Three mints are three types.
// @ts-expect-error a subject's is not a common one
export const a: CommonScope = subject
// @ts-expect-error a common one is not a subject's
export const b: SubjectScope = common
// @ts-expect-error a subject's does not reach the tenant
export const c: TenantWideScope = subject
// @ts-expect-error a tenant-wide one is not a subject's
export const d: SubjectScope = wide
// @ts-expect-error a tenant-wide one is not a common one
export const e: CommonScope = wide
// @ts-expect-error a common one does not reach the tenant
export const f: TenantWideScope = common

// What reads every subject writes nothing.
// @ts-expect-error no add
reading.add('x', { actor: 'user' })
// @ts-expect-error no addMany
reading.addMany([])
// @ts-expect-error no addMessages
reading.addMessages([], { session: 's' })
// @ts-expect-error no update
reading.update('id', {}, { actor: 'user' })
// @ts-expect-error no delete
reading.delete('id')
// @ts-expect-error no deleteMany
reading.deleteMany({ all: true })

// No verb takes a tenant, and nobody is everybody.
// @ts-expect-error a subject is required
mintScope({ tenant: 'acme', principal })
// @ts-expect-error a tenant is required
mintScope({ subject: 'ana', principal })
// @ts-expect-error a principal is required
mintScope({ tenant: 'acme', subject: 'ana' })
// @ts-expect-error a common scope has no subject
mintCommonScope({ tenant: 'acme', subject: 'ana', principal })
// @ts-expect-error a tenant-wide scope has no subject
mintTenantScope({ tenant: 'acme', subject: '*', principal })
// @ts-expect-error no tenant in an option
memory.search('x', { tenant: 'globex' })
// @ts-expect-error no subject in an option
memory.add('x', { actor: 'user', subject: 'bob' })
// @ts-expect-error an actor is required
memory.add('x', {})
// @ts-expect-error trust is computed, never said
memory.add('x', { actor: 'user', trust: 'system' })
// @ts-expect-error which memories must be said
memory.deleteMany()
// @ts-expect-error all or some, not both
memory.deleteMany({ all: true, session: 's' })
