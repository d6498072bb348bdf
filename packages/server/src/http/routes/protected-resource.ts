import { z } from 'zod'
import { type Route, route } from '../route.ts'

/** This server as RFC 9728 has it: where it is, and whose tokens it takes beside its own keys. */
export interface ProtectedResource {
  readonly url: string
  /** Null: no identity provider is configured. */
  readonly issuer: string | null
}

const path = '/.well-known/oauth-protected-resource/mcp'

/** Where the metadata of /mcp stands. */
export const metadataUrl = ({ url }: ProtectedResource): string => `${url}${path}`

const metadata = z.object({
  resource: z.string(),
  authorization_servers: z.array(z.string()).optional(),
  bearer_methods_supported: z.array(z.string()),
  resource_name: z.string(),
})

/** The document is at the place for the path, and at the root for clients that look there alone. */
export const resourceRoutes: readonly Route[] = [path, '/.well-known/oauth-protected-resource'].map((at, index) =>
  route({
    method: 'GET',
    path: at,
    operationId: index === 0 ? 'mcpResourceMetadata' : 'resourceMetadata',
    summary: 'Whose tokens /mcp takes (RFC 9728)',
    audience: 'anybody',
    answers: [{ status: 200, says: 'Metadata', schema: metadata }],
    async run({ exchange }) {
      const { url, issuer } = exchange.var.resource()
      return exchange.json({
        resource: `${url}/mcp`,
        ...(issuer === null ? {} : { authorization_servers: [issuer] }),
        bearer_methods_supported: ['header'],
        resource_name: 'Memkeep',
      })
    },
  }),
)
