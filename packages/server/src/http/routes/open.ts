import { MemkeepError } from 'memkeep'
import { z } from 'zod'
import { Refusal } from '../problem.ts'
import { type Route, route } from '../route.ts'

const health = route({
  method: 'GET',
  path: '/healthz',
  operationId: 'health',
  summary: 'Whether the process serves; it does not ask the database',
  audience: 'anybody',
  answers: [{ status: 200, says: 'It does', schema: z.object({ status: z.literal('ok') }) }],
  run: async ({ exchange }) => exchange.json({ status: 'ok' }),
})

const ready = route({
  method: 'GET',
  path: '/readyz',
  operationId: 'ready',
  summary:
    'Whether a call could be served now: keys, database, restore guard, upkeep; the detail of a refusal is the check that failed',
  audience: 'anybody',
  answers: [{ status: 200, says: 'It could', schema: z.object({ status: z.literal('ready') }) }],
  refusals: [503],
  async run({ exchange }) {
    await exchange.var.state.ready().catch((error: unknown) => {
      if (!(error instanceof MemkeepError)) throw error
      // The check's name stands before the message, which is not for strangers.
      const [check] = error.message.split(':', 1) as [string]
      throw new Refusal(503, error.code, check, { 'Retry-After': '1' }, error)
    })
    return exchange.json({ status: 'ready' })
  },
})

const metrics = route({
  method: 'GET',
  path: '/metrics',
  operationId: 'metrics',
  summary: 'What was counted, for Prometheus; nothing of it tells of a tenant',
  audience: 'anybody',
  answers: [{ status: 200, says: 'The text format of Prometheus', schema: z.string(), type: 'text/plain' }],
  async run({ exchange }) {
    const { type, body } = await exchange.var.state.metrics()
    return exchange.body(body, 200, { 'Content-Type': type })
  },
})

const document = route({
  method: 'GET',
  path: '/openapi.json',
  operationId: 'openapi',
  summary: 'This document',
  audience: 'anybody',
  answers: [{ status: 200, says: 'OpenAPI 3.1', schema: z.record(z.string(), z.unknown()) }],
  run: async ({ exchange }) => exchange.json(exchange.var.document),
})

/** Routes that need no credential and tell nothing of anybody. */
export const openRoutes: readonly Route[] = [health, ready, metrics, document]
