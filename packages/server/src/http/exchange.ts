import type { HttpBindings } from '@hono/node-server'
import type { Context } from 'hono'
import type { RequestLine } from './request-log.ts'
import type { ProtectedResource } from './routes/protected-resource.ts'
import type { Target } from './target.ts'

export interface Env {
  Bindings: HttpBindings
  Variables: {
    /** As it was sent; its path is the one that was routed. */
    target: Target
    /** The route's pattern, for the log. */
    route: string
    failure: Pick<RequestLine, 'code' | 'where'>
    /** This server as a protected resource, once it listens. */
    resource: () => ProtectedResource
    /** The OpenAPI document of every route. */
    document: Readonly<Record<string, unknown>>
  }
}

/** One request and its answer. */
export type Exchange = Context<Env>
