import type { AggregateTotals, SupportAccess, SupportPage } from 'memkeep'
import { z } from 'zod'
import { type AdminOperation, reasonField, tenantField } from './admin-operation.ts'

const requestInput = z.strictObject({
  tenant: tenantField,
  subject: z.union([z.string(), z.null()]).describe('Null: the tenant as a whole, with all its subjects. Always said.'),
  ttlSeconds: z.number().describe('Default 3,600, at most 86,400.').exactOptional(),
  reason: reasonField,
})

/** Support access, for whoever asks alone. */
export const requestSupport: AdminOperation<typeof requestInput, Pick<SupportAccess, 'id' | 'state' | 'expiresAt'>> = {
  input: requestInput,
  run: ({ breakGlass }, { reason: _, ...input }) => breakGlass.request(input),
}

const listInput = z.strictObject({ tenant: tenantField })

export const listSupport: AdminOperation<typeof listInput, { readonly accesses: readonly SupportAccess[] }> = {
  input: listInput,
  run: async ({ breakGlass }, { tenant }) => ({ accesses: await breakGlass.list(tenant) }),
}

const oneInput = z.strictObject({ tenant: tenantField, id: z.string(), reason: reasonField })

/** False when none stands with this id. */
export const approveSupport: AdminOperation<typeof oneInput, boolean> = {
  input: oneInput,
  run: ({ breakGlass }, { tenant, id }) => breakGlass.approve(tenant, id),
}

export const endSupport: AdminOperation<typeof oneInput, boolean> = {
  input: oneInput,
  run: ({ breakGlass }, { tenant, id }) => breakGlass.end(tenant, id),
}

const readInput = z.strictObject({
  tenant: tenantField,
  id: z.string(),
  memory: z.string().describe('One memory alone.').exactOptional(),
  limit: z.number().describe('Default 50, at most 100.').exactOptional(),
  cursor: z.string().describe('nextCursor of the page before.').exactOptional(),
})

export const readSupport: AdminOperation<typeof readInput, SupportPage> = {
  input: readInput,
  run: ({ breakGlass }, { tenant, id, ...options }) => breakGlass.read(tenant, id, options),
}

const nothing = z.strictObject({})

export const readAggregates: AdminOperation<typeof nothing, AggregateTotals> = {
  input: nothing,
  run: ({ aggregates }) => aggregates.totals(),
}
