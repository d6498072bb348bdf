import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newAdminKey } from '../../src/authn/admin-keys.ts'
import { document } from '../support/contract.ts'
import { type Answer, Served } from '../support/served.ts'

// Requests made from the OpenAPI document itself, to every operation of it: near to the schemas, and broken in one place. A failure prints its
// seed; `MEMKEEP_TEST_SEED` replays it, `MEMKEEP_TEST_RUNS` multiplies the runs.
const { MEMKEEP_TEST_SEED, MEMKEEP_TEST_RUNS = '1' } = process.env
const seed = Number(MEMKEEP_TEST_SEED ?? Date.now() % 2 ** 31)

const root = newAdminKey()
const canary = 'cassowary-canary'
let served: Served
let key: string
let own: string
let foreign: string
let erased: string

beforeAll(async () => {
  console.log(`document fuzz: MEMKEEP_TEST_SEED=${seed}`)
  served = await Served.start({ config: { adminKeys: [{ name: 'root', sha256: root.sha256 }] } })
  key = await served.key('acme', 'ana', ['admin'])
  const victim = await served.key('globex', 'ana')
  foreign = await served.add(victim, `the word is ${canary}`, { tags: [canary], metadata: { a: canary } })
  own = await served.add(key, 'a note of our own')
  await served.createTenant(elsewhere)
  erased = await served.key('acme', 'erased', ['admin'])
  await served.add(erased, 'to be erased')
})
afterAll(() => served[Symbol.asyncDispose]())

// biome-ignore lint/suspicious/noExplicitAny: JSON Schema
type Schema = any

const text = fc.oneof(
  { weight: 6, arbitrary: fc.stringMatching(/^[a-z]{1,8}$/) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 30 }) },
  { weight: 1, arbitrary: fc.constantFrom('OWN', 'FOREIGN', '*', '', '\u0000', '\ud800', '__proto__', 'acme') },
)
const anything = fc.oneof(fc.jsonValue({ maxDepth: 3 }), text)

/** Values of a schema of the document, and now and then of another. */
function valuesOf(schema: Schema): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 19, arbitrary: fits(schema) }, { weight: 1, arbitrary: anything })
}

function fits(schema: Schema): fc.Arbitrary<unknown> {
  if (schema.$ref !== undefined) return fits(document.components.schemas[schema.$ref.split('/').at(-1)])
  const choices = schema.anyOf ?? schema.oneOf
  if (choices !== undefined) return fc.oneof(...choices.map(fits))
  if (schema.const !== undefined) return fc.constant(schema.const)
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum)
  switch (schema.type) {
    case 'string':
      return schema.format === 'date-time'
        ? fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) }).map((date) => date.toISOString())
        : text
    case 'integer':
      return fc.integer({ min: schema.minimum ?? -2, max: schema.maximum ?? 120 })
    case 'number':
      return fc.oneof(fc.integer({ min: -2, max: 120 }), fc.double({ noNaN: true, noDefaultInfinity: true }))
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    case 'array':
      return fc.array(valuesOf(schema.items ?? {}), { maxLength: 4 })
    case 'object': {
      const fields = Object.entries(schema.properties ?? {}).map(([name, of]) => [name, valuesOf(of)] as const)
      const known = fc.record(Object.fromEntries(fields), { requiredKeys: schema.required ?? [] })
      const stray = fc.dictionary(fc.constantFrom('tenantId', 'scope', 'x', '__proto__'), anything, { maxKeys: 1 })
      const open = schema.additionalProperties
      if (typeof open === 'object') return fc.dictionary(text, valuesOf(open), { maxKeys: 3 })
      return fc.oneof(
        { weight: 9, arbitrary: known },
        { weight: 1, arbitrary: fc.tuple(known, stray).map(([a, b]) => ({ ...a, ...b })) },
      )
    }
    default:
      return anything
  }
}

interface Operation {
  readonly method: string
  readonly path: string
  readonly spec: Schema
}

const operations: Operation[] = Object.entries(document.paths as Record<string, Record<string, Schema>>).flatMap(
  ([path, methods]) => Object.entries(methods).map(([method, spec]) => ({ method: method.toUpperCase(), path, spec })),
)

const header = fc.oneof(
  { weight: 5, arbitrary: fc.constant({}) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Record<string, string>>(
      { 'x-tenant-id': 'globex' },
      { 'idempotency-key': 'k' },
      { 'if-match': '"1"' },
      { 'content-type': 'text/plain' },
      { 'content-encoding': 'gzip' },
    ),
  },
)

function requestOf({ spec }: Operation) {
  const parameters = (spec.parameters ?? []).filter((each: Schema) => each.in === 'query')
  const query = fc.record(Object.fromEntries(parameters.map((each: Schema) => [each.name, valuesOf(each.schema)])), {
    requiredKeys: parameters.filter((each: Schema) => each.required).map((each: Schema) => each.name),
  })
  const schema = spec.requestBody?.content['application/json'].schema
  const body = schema === undefined ? fc.constant(undefined) : valuesOf(schema)
  return fc.record({
    id: fc.oneof(fc.constantFrom('OWN', 'FOREIGN'), fc.uuid(), fc.stringMatching(/^[\w.-]{1,20}$/)),
    query,
    body,
    headers: header,
  })
}

function encoded(query: Readonly<Record<string, unknown>>): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((each) => [name, each]),
  )
  const written = pairs.map(([name, value]) => {
    const said = typeof value === 'string' ? value : JSON.stringify(value)
    return `${encodeURIComponent(name)}=${said.isWellFormed() ? encodeURIComponent(said) : '%ed%a0%80'}`
  })
  return written.length === 0 ? '' : `?${written.join('&')}`
}

/** What these change is a tenant of their own, which no other call here asks for. */
const elsewhere = 'initech'
const changesATenant = new Set(['setTenantPolicy', 'setTenantQuota', 'setTenantDisclosure'])

const isNamed = (body: unknown): body is { tenant: string } =>
  typeof (body as { tenant?: unknown } | null)?.tenant === 'string'

function holds({ status, headers, text: said, body }: Answer): void {
  expect(status, said).toBeLessThan(500)
  expect(said).not.toMatch(/\bat .*[/\\][\w.-]+\.(ts|js|mjs):\d+|node_modules|node:internal|memkeep\.\w+\(/)
  expect(said).not.toContain(canary)
  if (status < 400 || said === '') return
  expect(headers['content-type']).toBe('application/problem+json')
  expect(body.code).toMatch(/^ERR_[A-Z_]+$/)
}

test.each(operations.map((each) => [each.spec.operationId as string, each] as const))(
  '%s',
  async (operationId, operation) => {
    const isAdmin = operation.path.startsWith('/admin/')
    await fc.assert(
      fc.asyncProperty(requestOf(operation), async ({ id, query, body, headers }) => {
        const filled = (value: string) => value.replaceAll('OWN', own).replaceAll('FOREIGN', foreign)
        // Who is erased by this is somebody whom no other call here asks for.
        const by = operationId === 'requestErasure' ? erased : isAdmin ? root.key : key
        const path = filled(operation.path.replace('{id}', id) + encoded(query))
        const asked = changesATenant.has(operationId) && isNamed(body) ? { ...body, tenant: elsewhere } : body
        const sent = asked === undefined ? {} : { body: filled(JSON.stringify(asked)) }
        holds(await served.ask(operation.method, path, { key: by, headers, ...sent }))
      }),
      { seed, numRuns: 30 * Number(MEMKEEP_TEST_RUNS) },
    )
  },
)
