import { z } from 'zod'
import {
  approveSupport,
  endSupport,
  listSupport,
  readAggregates,
  readSupport,
  requestSupport,
} from '../../operations/admin/support.ts'
import { pageAnswer } from '../../operations/answers.ts'
import { notFound } from '../problem.ts'
import { adminRoute, type Route } from '../route.ts'

const path = '/admin/v1/break-glass'
const time = z.iso.datetime()
const state = z.enum(['waiting', 'open', 'ended']).describe('waiting: somebody else has to agree first.')
const accesses = z.object({
  accesses: z.array(
    z.object({
      id: z.string(),
      on: z.enum(['tenant', 'subject']),
      state,
      principal: z.string().describe('Who asked for it, and alone may use it.'),
      reason: z.string(),
      requestedAt: time,
      expiresAt: time,
      approvedBy: z.object({ principal: z.string(), reason: z.string() }).nullable(),
    }),
  ),
})
const total = z.int().nullable().describe('Rounded; null where it would tell of single tenants.')

/** Support access to what tenants said, and totals that tell of none of them. */
export const breakGlassRoutes: readonly Route[] = [
  adminRoute({
    method: 'POST',
    path,
    operationId: 'requestSupport',
    summary: 'Ask for support access to a subject or a tenant; the tenant sees it in its ledger',
    body: requestSupport.input,
    answers: [{ status: 201, says: 'It stands', schema: z.object({ id: z.string(), state, expiresAt: time }) }],
    run: async ({ exchange, body, privileged }) =>
      exchange.json(await requestSupport.run(privileged(body.reason), body), 201),
  }),
  adminRoute({
    method: 'GET',
    path,
    operationId: 'listSupport',
    summary: 'Support accesses to a tenant, ended ones too',
    query: listSupport.input,
    answers: [{ status: 200, says: 'Newest first', schema: accesses }],
    run: async ({ exchange, query, privileged }) =>
      exchange.json(await listSupport.run(privileged('list of support accesses'), query)),
  }),
  adminRoute({
    method: 'POST',
    path: `${path}/{id}/approve`,
    operationId: 'approveSupport',
    summary: 'Agree to a support access that somebody else asked for',
    body: approveSupport.input.omit({ id: true }),
    answers: [{ status: 204, says: 'It may be used' }],
    refusals: [404],
    async run({ exchange, body, id, privileged }) {
      if (!(await approveSupport.run(privileged(body.reason), { ...body, id }))) throw notFound()
      return exchange.body(null, 204)
    },
  }),
  adminRoute({
    method: 'DELETE',
    path: `${path}/{id}`,
    operationId: 'endSupport',
    summary: 'End a support access before its time',
    query: endSupport.input.omit({ id: true }),
    answers: [{ status: 204, says: 'It is ended' }],
    refusals: [404],
    async run({ exchange, query, id, privileged }) {
      if (!(await endSupport.run(privileged(query.reason), { ...query, id }))) throw notFound()
      return exchange.body(null, 204)
    },
  }),
  adminRoute({
    method: 'GET',
    path: `${path}/{id}/memories`,
    operationId: 'readSupport',
    summary: "Memories under a support access of one's own; each that is shown stands in the tenant's ledger",
    query: readSupport.input.omit({ id: true }),
    answers: [{ status: 200, says: 'One page, newest first', schema: pageAnswer }],
    refusals: [404],
    run: async ({ exchange, query, id, privileged }) =>
      exchange.json(await readSupport.run(privileged('support access'), { ...query, id })),
  }),
  adminRoute({
    method: 'GET',
    path: '/admin/v1/aggregates',
    operationId: 'readAggregates',
    summary: 'What all tenants hold together; no number where fewer than ten stand behind it, or one for over half',
    answers: [
      {
        status: 200,
        says: 'Totals',
        schema: z.object({ tenants: total, subjects: total, memories: total, bytes: total }),
      },
    ],
    run: async ({ exchange, privileged }) => exchange.json(await readAggregates.run(privileged('totals'), {})),
  }),
]
