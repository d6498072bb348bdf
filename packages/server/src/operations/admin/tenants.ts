import type { DisclosureBudget, Policy, Quota, TenantPage } from 'memkeep'
import { z } from 'zod'
import { type AdminOperation, reasonField, tenantField } from './admin-operation.ts'

const createInput = z.strictObject({ tenant: tenantField, reason: reasonField })

export const createTenant: AdminOperation<typeof createInput, { tenant: string; created: boolean }> = {
  input: createInput,
  run: ({ tenants }, { tenant }) => tenants.create(tenant),
}

const listInput = z.strictObject({
  limit: z.number().describe('Default 100, at most 1,000.').exactOptional(),
  cursor: z.string().describe('nextCursor of the page before.').exactOptional(),
})

export const listTenants: AdminOperation<typeof listInput, TenantPage> = {
  input: listInput,
  run: ({ tenants }, options) => tenants.list(options),
}

const rolePolicy = z.strictObject({
  reads: z.array(z.string()),
  writes: z.array(z.string()),
  rights: z.array(z.string()),
  actors: z.array(z.string()),
})
const policyInput = z.strictObject({
  tenant: tenantField,
  policy: z
    .union([z.record(z.string(), rolePolicy), z.null()])
    .describe("Role to what it brings; null: the deployment's."),
  reason: reasonField,
})

export const setTenantPolicy: AdminOperation<typeof policyInput, void> = {
  input: policyInput,
  run: ({ tenants }, { tenant, policy }) => tenants.setPolicy(tenant, policy as Policy | null),
}

const quota = z.strictObject({ memories: z.number().exactOptional(), bytes: z.number().exactOptional() })
const quotaInput = z.strictObject({
  tenant: tenantField,
  quota: z.union([quota, z.null()]).describe("What is absent has no bound; null: the deployment's."),
  reason: reasonField,
})

export const setTenantQuota: AdminOperation<typeof quotaInput, void> = {
  input: quotaInput,
  run: ({ tenants }, { tenant, quota: given }) => tenants.setQuota(tenant, given as Quota | null),
}

const budget = z.strictObject({
  memories: z.number().describe('From 1 to 1,000,000.'),
  perSeconds: z.number().describe('Whole minutes, from 60 to 86,400.'),
  except: z.array(z.string()).describe('Roles whose principals are not counted.').exactOptional(),
})
const disclosureInput = z.strictObject({
  tenant: tenantField,
  disclosure: z
    .union([budget, z.null()])
    .describe("How many memories a principal may be shown in a time; null: the deployment's."),
  reason: reasonField,
})

export const setTenantDisclosure: AdminOperation<typeof disclosureInput, void> = {
  input: disclosureInput,
  run: ({ tenants }, { tenant, disclosure }) => tenants.setDisclosure(tenant, disclosure as DisclosureBudget | null),
}
