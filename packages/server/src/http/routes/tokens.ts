import { z } from 'zod'
import { mintToken } from '../../operations/mint-token.ts'
import { type Route, route } from '../route.ts'

const answer = z.object({
  id: z.string(),
  token: z.string(),
  tokenType: z.literal('Bearer'),
  expiresAt: z.iso.datetime(),
})

const mint = route({
  method: 'POST',
  path: '/v1/tokens',
  operationId: 'mintToken',
  summary: 'Exchange a credential with the right `mint` for a short-lived one that may do less',
  body: mintToken.input,
  answers: [{ status: 201, says: 'The token, shown once', schema: answer }],
  // A token is its maker's own: it ends with it, and its secret is not for a credential that may make none.
  keptFor: ({ mints }) => (mints === null ? null : { right: 'mint', by: mints.maker ?? '' }),
  async run({ exchange, reach, body }) {
    const { key, ...minted } = await mintToken.run(reach, body, {})
    return exchange.json({ ...minted, token: key, tokenType: 'Bearer' }, 201)
  },
})

export const tokenRoutes: readonly Route[] = [mint]
