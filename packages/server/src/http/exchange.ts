import type { HttpBindings } from '@hono/node-server'
import type { Context } from 'hono'
import type { RequestLine } from './request-log.ts'
import type { ProtectedResource } from './routes/protected-resource.ts'
import type { Target } from './target.ts'

/** Whether it could serve now, and what it has counted. */
export interface ServerState {
  /** Throws what a call would. */
  ready(): Promise<void>
  metrics(): Promise<{ readonly type: string; readonly body: string }>
}

export interface Env {
  Bindings: HttpBindings
  Variables: {
    /** As it was sent; its path is the one that was routed. */
    target: Target
    /** The route's pattern, for the log. */
    route: string
    /** As `X-Request-Id` says it. */
    id: string
    /** When it came, as `performance.now()` has it. */
    began: number
    failure: Pick<RequestLine, 'code' | 'reason' | 'where'>
    /** Has what an answer met that is under way already stand in the log, in a line of its own, and counts it. */
    noteFault: (error: unknown) => void
    /** This server as a protected resource, once it listens. */
    resource: () => ProtectedResource
    /** What the server tells of itself. */
    state: ServerState
    /** The OpenAPI document of every route. */
    document: Readonly<Record<string, unknown>>
  }
}

/** One request and its answer. */
export type Exchange = Context<Env>
