import { z } from 'zod'
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
export const openRoutes: readonly Route[] = [health, document]
