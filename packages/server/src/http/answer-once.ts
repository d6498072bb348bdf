import { MemkeepError, type Privileged } from 'memkeep'
import type { Reach } from '../operations/operation.ts'
import { idempotencyKeyOf } from './check-headers.ts'
import type { Exchange } from './exchange.ts'
import { Refusal } from './problem.ts'
import type { Asked, Route } from './route.ts'

/** An answer as it is kept: what it takes to give it again. */
interface KeptAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Headers that belong to the answer itself; the others belong to the exchange. */
const keptHeaders = ['content-type', 'location']

type Call = Pick<Asked, 'query' | 'body' | 'id'>

/** A request of a route that takes `Idempotency-Key` and leaves the keeping to this: done once, answered as often as it is asked. */
export async function answerOnce(
  route: Route,
  exchange: Exchange,
  call: Call,
  by: { readonly reach: Reach } | { readonly privileged: (reason: string) => Privileged },
  run: () => Promise<Response>,
): Promise<Response> {
  const key = route.keepsAnswers ? idempotencyKeyOf(exchange.env.incoming) : undefined
  const keptFor = 'reach' in by && route.keptFor !== null ? route.keptFor(by.reach) : {}
  if (key === undefined || keptFor === null) return run()
  const asked = JSON.stringify([route.operationId, call.id, sorted(call.query), sorted(call.body)])
  const runKept = async () => JSON.stringify(await keptOf(await refusing(run)))
  const text = await ('reach' in by
    ? by.reach.writes.once(key, asked, runKept, keptFor)
    : by.privileged(reasonOf(call)).once(tenantOf(call), key, asked, runKept)
  ).catch((error: unknown) => {
    throw error instanceof MemkeepError && error.cause instanceof Refusal ? error.cause : error
  })
  const { status, headers, body } = JSON.parse(text) as KeptAnswer
  return new Response(body === '' ? null : body, { status, headers })
}

/** A refusal of HTTP's own (nothing is there, say) as one that the kernel knows: nothing was done, and the key is free again. */
async function refusing(run: () => Promise<Response>): Promise<Response> {
  try {
    return await run()
  } catch (error) {
    if (!(error instanceof Refusal) || error.status >= 500) throw error
    throw new MemkeepError('ERR_INPUT_INVALID', error.message, { cause: error })
  }
}

async function keptOf(response: Response): Promise<KeptAnswer> {
  const named = keptHeaders.map((name) => [name, response.headers.get(name)] as const)
  const headers = Object.fromEntries(named.filter(([, value]) => value !== null)) as Record<string, string>
  return { status: response.status, headers, body: await response.text() }
}

/** Every POST of an administrator names the tenant that it is about, and why. */
function tenantOf({ body }: Call): string {
  const { tenant } = body as { tenant?: unknown }
  if (typeof tenant !== 'string')
    throw new MemkeepError('ERR_INPUT_INVALID', 'this route does not know idempotency-key')
  return tenant
}

function reasonOf({ body }: Call): string {
  return (body as { reason: string }).reason
}

/** The same value with the keys of every object in order: two callers may write one object in two ways. */
function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Date) return value.toISOString()
  if (Array.isArray(value)) return value.map(sorted)
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([name, item]) => [name, sorted(item)]))
}
