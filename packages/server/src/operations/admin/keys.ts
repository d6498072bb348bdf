import type { ApiKey, Principal } from 'memkeep'
import { z } from 'zod'
import { moment } from '../moment.ts'
import { type AdminOperation, reasonField, tenantField } from './admin-operation.ts'

const createInput = z.strictObject({
  tenant: tenantField,
  subject: z.union([z.string(), z.null()]).describe('Null: the tenant as a whole. Always said.'),
  principal: z.strictObject({
    id: z.string().describe("Whom the ledger names for the key's calls."),
    roles: z.array(z.string()),
    rights: z.array(z.string()).exactOptional(),
    actors: z.array(z.string()).exactOptional(),
  }),
  expiresAt: moment.exactOptional(),
  reason: reasonField,
})

export const createKey: AdminOperation<typeof createInput, { id: string; key: string }> = {
  input: createInput,
  run: ({ keys }, { reason: _, principal, ...given }) => keys.create({ ...given, principal: principal as Principal }),
}

const listInput = z.strictObject({ tenant: tenantField })

export const listKeys: AdminOperation<typeof listInput, { readonly keys: readonly Omit<ApiKey, 'tenant'>[] }> = {
  input: listInput,
  async run({ keys }, { tenant }) {
    return { keys: (await keys.list(tenant)).map(({ tenant: _, ...key }) => key) }
  },
}

const revokeInput = z.strictObject({ tenant: tenantField, id: z.string(), reason: reasonField })

/** False when the tenant has no such key that is not revoked already. */
export const revokeKey: AdminOperation<typeof revokeInput, boolean> = {
  input: revokeInput,
  run: ({ keys }, { tenant, id }) => keys.revoke(tenant, id),
}
