import { z } from 'zod'
import { listArtifacts } from '../../operations/artifacts/list-artifacts.ts'
import { registerArtifact } from '../../operations/artifacts/register-artifact.ts'
import { type Route, route } from '../route.ts'

const path = '/v1/artifacts'
const labels = { trust: z.string(), sensitivity: z.string(), shared: z.boolean() }
const registered = z.looseObject({ id: z.string(), ...labels })
const artifact = z.looseObject({
  id: z.string(),
  version: z.int(),
  kind: z.string(),
  content: z.string().nullable(),
  metadata: z.record(z.string(), z.unknown()),
  state: z.string(),
  covered: z.boolean(),
  ...labels,
  derivedFrom: z.array(z.string()),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
})

export const artifactRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path,
    operationId: 'registerArtifact',
    summary: 'Register what was computed from memories; it goes when they go',
    body: registerArtifact.input,
    answers: [{ status: 201, says: 'It is registered', schema: registered }],
    run: async ({ exchange, reach, body }) => exchange.json(await registerArtifact.run(reach, body, {}), 201),
  }),
  route({
    method: 'GET',
    path,
    operationId: 'listArtifacts',
    summary: 'What was computed from memories, newest first',
    query: listArtifacts.input,
    answers: [
      {
        status: 200,
        says: 'One page',
        schema: z.object({ items: z.array(artifact), nextCursor: z.string().nullable() }),
      },
    ],
    run: async ({ exchange, reach, query }) => exchange.json(await listArtifacts.run(reach, query, {})),
  }),
]
