import { z } from 'zod'
import type { Reach } from '../operations/operation.ts'
import type { ConditionalHeader } from './check-headers.ts'
import type { Exchange } from './exchange.ts'

/** One request that passed every check: what it asks, in the form of the route's schemas. */
export interface Asked<Query extends z.ZodObject = z.ZodObject, Body extends z.ZodObject = z.ZodObject> {
  readonly exchange: Exchange
  readonly reach: Reach
  readonly query: z.output<Query>
  readonly body: z.output<Body>
  /** The `{id}` of the path as it was sent. */
  readonly id: string
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

/** Whom a route serves: anybody, or who shows a credential for memories. */
export type Audience = 'anybody' | 'memory'

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
  readonly conditions: readonly ConditionalHeader[]
  readonly answers: readonly Answer[]
  /** Statuses of refusals beside those that every route of its audience has. */
  readonly refusals: readonly number[]
  readonly run: (asked: Asked) => Promise<Response>
}

/** No field at all. */
const nothing = z.strictObject({})

type Given<Query extends z.ZodObject, Body extends z.ZodObject> = Pick<
  Route,
  'method' | 'path' | 'operationId' | 'summary' | 'answers'
> &
  Partial<Pick<Route, 'audience' | 'bodyLimitBytes' | 'conditions' | 'refusals'>> & {
    readonly query?: Query
    readonly body?: Body
    readonly run: (asked: Asked<Query, Body>) => Promise<Response>
  }

/** The most that a request's body may take, in bytes, where a route does not say otherwise. */
export const bodyLimitBytes = 1024 * 1024

/** A route, with what goes without saying filled in. */
export function route<Query extends z.ZodObject, Body extends z.ZodObject>(given: Given<Query, Body>): Route {
  return Object.freeze({
    audience: 'memory',
    bodyLimitBytes,
    conditions: [],
    refusals: [],
    ...given,
    query: given.query ?? nothing,
    body: given.body ?? null,
    run: given.run as Route['run'],
  }) as Route
}
