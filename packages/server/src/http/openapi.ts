import { z } from 'zod'
import { addMemories } from '../operations/add-memories.ts'
import { addMemory } from '../operations/add-memory.ts'
import {
  exportRecord,
  foundMemoryAnswer,
  memoryAnswer,
  pageAnswer,
  receiptAnswer,
  receiptsAnswer,
  searchAnswer,
  versionsAnswer,
} from '../operations/answers.ts'
import { searchMemories } from '../operations/search-memories.ts'
import type { ConditionalHeader } from './check-headers.ts'
import { problemSchema } from './problem.ts'
import type { Answer, Audience, Route } from './route.ts'

type Json = { readonly [key: string]: unknown }

/** Schemas with a name of their own in the document. */
const named = z
  .registry<{ id: string }>()
  .add(memoryAnswer, { id: 'Memory' })
  .add(foundMemoryAnswer, { id: 'FoundMemory' })
  .add(receiptAnswer, { id: 'Receipt' })
  .add(receiptsAnswer, { id: 'Receipts' })
  .add(searchAnswer, { id: 'SearchResult' })
  .add(pageAnswer, { id: 'Page' })
  .add(versionsAnswer, { id: 'Versions' })
  .add(exportRecord, { id: 'ExportRecord' })
  .add(addMemory.input, { id: 'NewMemory' })
  .add(addMemories.input, { id: 'NewMemories' })
  .add(searchMemories.input, { id: 'Search' })
  .add(problemSchema, { id: 'Problem' })

const place = (id: string) => `#/components/schemas/${id}`

/** The document of these routes, in OpenAPI 3.1: read from the schemas that requests are checked with. */
export function openApiOf(routes: readonly Route[], version: string): Json {
  const paths: Record<string, Record<string, Json>> = {}
  for (const each of routes) {
    paths[each.path] ??= {}
    paths[each.path]![each.method.toLowerCase()] = operationOf(each)
  }
  const { schemas } = z.toJSONSchema(named, { io: 'input', uri: place, override: asSent })
  const plain = Object.entries(schemas).map(([id, schema]) => [id, withoutIdentity(schema)] as const)
  return {
    openapi: '3.1.0',
    info: {
      title: 'Memkeep',
      version,
      summary: 'Memory for AI agents, kept behind walls',
      description: 'The credential alone decides whose memories are reached. A request that names a tenant is refused.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [],
    tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
    paths,
    components: { schemas: Object.fromEntries(plain), securitySchemes },
  }
}

const tags = {
  memories: 'What is remembered',
  administration: 'Tenants and keys',
  server: 'The server itself',
}

const tagOf = { anybody: 'server', memory: 'memories', admin: 'administration' } as const satisfies Record<
  Audience,
  keyof typeof tags
>

const securitySchemes = {
  memory: { type: 'http', scheme: 'bearer', description: 'An API key (mk_…), or a token of the configured issuer' },
  admin: { type: 'http', scheme: 'bearer', description: 'A key of an administrator (mka_…)' },
}

const security: Readonly<Record<Audience, readonly Json[]>> = {
  anybody: [],
  memory: [{ memory: [] }],
  admin: [{ admin: [] }],
}

function operationOf(each: Route): Json {
  const { operationId, summary, audience, body, path } = each
  const responses = Object.fromEntries([
    ...each.answers.map((answer) => [String(answer.status), responseOf(answer)]),
    ...refusalsOf(each).map((status) => [String(status), refusal(status)]),
  ])
  return {
    operationId,
    summary,
    tags: [tagOf[audience]],
    security: security[audience],
    parameters: [...pathParameters(path), ...queryParameters(each), ...each.conditions.map((name) => conditions[name])],
    ...(body === null
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: schemaOf(body) } } } }),
    responses,
  }
}

/** What can be refused on any route of that audience, and what this one adds. */
function refusalsOf({ audience, body, refusals, keepsAnswers }: Route): number[] {
  const always = audience === 'anybody' ? [400, 422] : [400, 401, 403, 413, 422, 429, 503]
  const ofBodies = body === null ? [] : [415]
  const ofKept = keepsAnswers ? [409] : []
  return [...new Set([...always, ...ofBodies, ...ofKept, ...refusals])].sort((a, b) => a - b)
}

function responseOf({ says, schema, type = 'application/json', headers = [] }: Answer): Json {
  const described = headers.map((name) => [name, { schema: { type: 'string' } }])
  return {
    description: says,
    ...(headers.length === 0 ? {} : { headers: Object.fromEntries(described) }),
    ...(schema === undefined ? {} : { content: { [type]: { schema: schemaOf(schema) } } }),
  }
}

function refusal(status: number): Json {
  return {
    description: refusalWords[status],
    content: { 'application/problem+json': { schema: { $ref: place('Problem') } } },
  }
}

const refusalWords: Readonly<Record<number, string>> = {
  400: 'Not HTTP, not JSON, not UTF-8, or a query that does not decode',
  401: 'No valid credential',
  403: 'The credential does not reach this',
  404: "Missing, or another's: one answer",
  409: 'Another version stands there; or the first call with this Idempotency-Key is under way, or was broken off',
  412: 'Not the version that If-Match names',
  413: 'Larger than a limit',
  415: 'Not application/json in UTF-8',
  422: 'Not what the schema says, or a field that names a scope',
  429: 'Too often',
  503: 'The database, the keys or the embedder cannot be reached; later perhaps',
}

function pathParameters(path: string): Json[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
}

function queryParameters({ query }: Route): Json[] {
  const { properties = {}, required = [] } = schemaOf(query) as {
    properties?: Record<string, Json>
    required?: string[]
  }
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema,
    ...(schema.type === 'array' ? { style: 'form', explode: true } : {}),
  }))
}

const conditions: Readonly<Record<ConditionalHeader, Json>> = {
  'idempotency-key': header(
    'Idempotency-Key',
    'The same key with the same call within a day answers as the first did.',
  ),
  'if-match': header('If-Match', 'The ETag of the version that is to be changed.'),
  'if-none-match': header('If-None-Match', 'The ETag of the version that is known already.'),
}

function header(name: string, description: string): Json {
  return { name, in: 'header', required: false, description, schema: { type: 'string' } }
}

function schemaOf(schema: z.ZodType): Json {
  const known = named.get(schema)
  if (known !== undefined) return { $ref: place(known.id) }
  return withoutIdentity(z.toJSONSchema(schema, { io: 'input', override: asSent }))
}

function withoutIdentity({ $schema: _, $id: __, ...schema }: Json): Json {
  return schema
}

/** A time that has to fit two patterns is still one of RFC 3339. */
function asSent({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.type === 'string' && Array.isArray(jsonSchema.allOf)) {
    delete jsonSchema.allOf
    jsonSchema.format = 'date-time'
  }
}
