import type { OnceOptions, Privileged } from 'memkeep'
import { z } from 'zod'
import type { Caller } from '../authn/caller.ts'
import type { Reach } from '../operations/operation.ts'
import { mostValues } from '../read-json.ts'
import type { ConditionalHeader } from './check-headers.ts'
import type { Exchange } from './exchange.ts'

/** One request that passed every check: what it asks, in the form of the route's schemas. */
export interface Asked<Query extends z.ZodObject = z.ZodObject, Body extends z.ZodObject = z.ZodObject> {
  readonly exchange: Exchange
  readonly reach: Reach
  /** Whether the credential is still good. */
  readonly stands: Caller['stands']
  readonly query: z.output<Query>
  readonly body: z.output<Body>
  /** The `{id}` of the path as it was sent. */
  readonly id: string
}

/** The same of an administrator: what he does privileged states its reason. */
export interface AdminAsked<Query extends z.ZodObject = z.ZodObject, Body extends z.ZodObject = z.ZodObject>
  extends Omit<Asked<Query, Body>, 'reach' | 'stands'> {
  readonly privileged: (reason: string) => Privileged
}

/** What a route answers when all is well. No schema: no body. */
export interface Answer {
  readonly status: 200 | 201 | 202 | 204 | 304
  readonly says: string
  readonly schema?: z.ZodType
  /** Default application/json. */
  readonly type?: 'application/json' | 'application/x-ndjson' | 'text/plain'
  readonly headers?: readonly ('ETag' | 'Location')[]
}

/** Whom a route serves: anybody, who shows a credential for memories, or an administrator. */
export type Audience = 'anybody' | 'memory' | 'admin'

/** One method of one path: its document and its handling are read from the same schemas. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** As OpenAPI writes it: `/v1/memories/{id}`. */
  readonly path: string
  readonly operationId: string
  readonly summary: string
  readonly audience: Audience
  readonly query: z.ZodObject
  readonly body: z.ZodObject | null
  /** The most that the body may take. */
  readonly bodyLimitBytes: number
  /** The most values in it, of lists and objects at any depth. */
  readonly mostValues: number
  readonly conditions: readonly ConditionalHeader[]
  /** True where the server keeps the answer to a request with an `Idempotency-Key`; elsewhere the route sees to it itself. */
  readonly keepsAnswers: boolean
  /** Who is given a kept answer, where that is not everybody of the same principal with the same powers. Null: nobody; the call is made, and judged. */
  readonly keptFor: ((reach: Reach) => OnceOptions | null) | null
  readonly answers: readonly Answer[]
  /** Statuses of refusals beside those that every route of its audience has. */
  readonly refusals: readonly number[]
  readonly run: (asked: Asked & AdminAsked) => Promise<Response>
}

/** No field at all. */
const nothing = z.strictObject({})

type Given<Query extends z.ZodObject, Body extends z.ZodObject, Call> = Pick<
  Route,
  'method' | 'path' | 'operationId' | 'summary' | 'answers'
> &
  Partial<Pick<Route, 'audience' | 'bodyLimitBytes' | 'mostValues' | 'conditions' | 'keptFor' | 'refusals'>> & {
    readonly query?: Query
    readonly body?: Body
    readonly run: (asked: Call) => Promise<Response>
  }

/** The most that a request's body may take, in bytes, where a route does not say otherwise. */
export const bodyLimitBytes = 1024 * 1024

/** A route for memories, with what goes without saying filled in. */
export function route<Query extends z.ZodObject, Body extends z.ZodObject>(
  given: Given<Query, Body, Asked<Query, Body>>,
): Route {
  return completed('memory', given)
}

/** A route for administrators. */
export function adminRoute<Query extends z.ZodObject, Body extends z.ZodObject>(
  given: Given<Query, Body, AdminAsked<Query, Body>>,
): Route {
  return completed('admin', given)
}

function completed(audience: Audience, given: Given<z.ZodObject, z.ZodObject, never>): Route {
  return Object.freeze({
    audience,
    bodyLimitBytes,
    mostValues,
    conditions: given.method === 'POST' ? (['idempotency-key'] as const) : [],
    keepsAnswers: given.method === 'POST' && given.conditions === undefined,
    keptFor: null,
    refusals: [],
    ...given,
    query: given.query ?? nothing,
    body: given.body ?? null,
    run: given.run as Route['run'],
  })
}
