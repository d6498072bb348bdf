import { z } from 'zod'
import type { AdminOperation, reasonField } from '../../operations/admin/admin-operation.ts'
import { createKey, listKeys, revokeKey } from '../../operations/admin/keys.ts'
import {
  createTenant,
  listTenants,
  setTenantDisclosure,
  setTenantPolicy,
  setTenantQuota,
} from '../../operations/admin/tenants.ts'
import { notFound } from '../problem.ts'
import { adminRoute, type Route } from '../route.ts'

const time = z.iso.datetime()
const tenantAnswer = z.object({ tenant: z.string(), created: z.boolean() })
const tenantsAnswer = z.object({
  items: z.array(z.object({ tenant: z.string(), state: z.enum(['open', 'barred']), createdAt: time })),
  nextCursor: z.string().nullable(),
})
const keyAnswer = z.object({ id: z.string(), key: z.string().describe('The secret, shown once.') })
const keysAnswer = z.object({
  keys: z.array(
    z.object({
      id: z.string(),
      subject: z.string().nullable(),
      principal: z.object({ id: z.string(), roles: z.array(z.string()) }),
      createdAt: time,
      expiresAt: time.nullable(),
      revokedAt: time.nullable(),
      usedAt: time.nullable().describe('To the minute.'),
    }),
  ),
})

const tenants = '/admin/v1/tenants'
const keys = '/admin/v1/keys'

/** One term that a tenant can have of its own: a PUT that answers nothing. */
function setTerm<Input extends z.ZodObject<{ reason: typeof reasonField }>>(
  term: string,
  { input, run }: AdminOperation<Input, void>,
  { says, ...described }: Pick<Route, 'operationId' | 'summary'> & { readonly says: string },
): Route {
  return adminRoute({
    ...described,
    method: 'PUT',
    path: `${tenants}/${term}`,
    body: input,
    answers: [{ status: 204, says }],
    async run({ exchange, body, privileged }) {
      await run(privileged(body.reason), body)
      return exchange.body(null, 204)
    },
  })
}

export const adminRoutes: readonly Route[] = [
  adminRoute({
    method: 'POST',
    path: tenants,
    operationId: 'createTenant',
    summary: 'Make sure that a tenant exists',
    body: createTenant.input,
    answers: [
      { status: 201, says: 'It was made', schema: tenantAnswer },
      { status: 200, says: 'It was there', schema: tenantAnswer },
    ],
    async run({ exchange, body, privileged }) {
      const made = await createTenant.run(privileged(body.reason), body)
      return exchange.json(made, made.created ? 201 : 200)
    },
  }),
  adminRoute({
    method: 'GET',
    path: tenants,
    operationId: 'listTenants',
    summary: 'Tenants, page by page',
    query: listTenants.input,
    answers: [{ status: 200, says: 'One page', schema: tenantsAnswer }],
    run: async ({ exchange, query, privileged }) =>
      exchange.json(await listTenants.run(privileged('list of tenants'), query)),
  }),
  setTerm('policy', setTenantPolicy, {
    operationId: 'setTenantPolicy',
    summary: 'Give a tenant a policy of its own, or the deployment’s',
    says: 'From now on nothing is served under the old one',
  }),
  setTerm('quota', setTenantQuota, {
    operationId: 'setTenantQuota',
    summary: 'Give a tenant a quota of its own, or the deployment’s',
    says: 'It goes for every write from now on',
  }),
  setTerm('disclosure', setTenantDisclosure, {
    operationId: 'setTenantDisclosure',
    summary: 'Give a tenant a budget of what a principal may be shown in a time, or the deployment’s',
    says: 'It goes for every read from now on',
  }),
  adminRoute({
    method: 'POST',
    path: keys,
    operationId: 'createKey',
    summary: 'Make an API key',
    body: createKey.input,
    answers: [{ status: 201, says: 'The key', schema: keyAnswer }],
    run: async ({ exchange, body, privileged }) =>
      exchange.json(await createKey.run(privileged(body.reason), body), 201),
  }),
  adminRoute({
    method: 'GET',
    path: keys,
    operationId: 'listKeys',
    summary: 'The API keys of a tenant, without their secrets',
    query: listKeys.input,
    answers: [{ status: 200, says: 'Newest first', schema: keysAnswer }],
    run: async ({ exchange, query, privileged }) =>
      exchange.json(await listKeys.run(privileged('list of keys'), query)),
  }),
  adminRoute({
    method: 'DELETE',
    path: `${keys}/{id}`,
    operationId: 'revokeKey',
    summary: 'Revoke an API key; servers forget it within seconds',
    query: revokeKey.input.omit({ id: true }),
    answers: [{ status: 204, says: 'It is revoked' }],
    refusals: [404],
    async run({ exchange, query, id, privileged }) {
      if (!(await revokeKey.run(privileged(query.reason), { ...query, id }))) throw notFound()
      return exchange.body(null, 204)
    },
  }),
]
