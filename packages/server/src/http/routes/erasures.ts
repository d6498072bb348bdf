import { z } from 'zod'
import { requestErasure } from '../../operations/erasures/request-erasure.ts'
import { showErasure } from '../../operations/erasures/show-erasure.ts'
import { notFound } from '../problem.ts'
import { type Route, route } from '../route.ts'

const path = '/v1/erasures'
const view = z.looseObject({
  id: z.string(),
  kind: z.enum(['subject', 'tenant']),
  state: z.enum(['open', 'done']),
  reason: z.string(),
  requestedAt: z.iso.datetime(),
  steps: z.array(z.looseObject({ step: z.string(), beganAt: z.iso.datetime(), endedAt: z.iso.datetime().nullable() })),
  report: z.looseObject({}).nullable().describe('Null until it is done.'),
})

export const erasureRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path,
    operationId: 'requestErasure',
    summary: 'Have erased what the credential is for; asked again, it goes on with the erasure that stands',
    body: requestErasure.input,
    answers: [
      {
        status: 202,
        says: 'The request stands in the ledger',
        schema: z.object({ id: z.string() }),
        headers: ['Location'],
      },
    ],
    async run({ exchange, reach, body }) {
      const begun = await requestErasure.run(reach, body, {})
      return exchange.json(begun, 202, { Location: `${path}/${begun.id}` })
    },
  }),
  route({
    method: 'GET',
    path: `${path}/{id}`,
    operationId: 'showErasure',
    summary: 'An erasure, step by step; answered to a credential of what was erased, also when that is barred',
    answers: [{ status: 200, says: 'As it stands', schema: view }],
    refusals: [404],
    async run({ exchange, reach, id }) {
      const found = await showErasure.run(reach, { id }, {})
      if (found === null) throw notFound()
      return exchange.json(found)
    },
  }),
  route({
    method: 'GET',
    path: `${path}/{id}/attestation`,
    operationId: 'erasureAttestation',
    summary: 'The signed statement of an erasure that is done: a DSSE envelope',
    answers: [{ status: 200, says: 'The envelope', schema: z.looseObject({}) }],
    refusals: [404],
    async run({ exchange, reach, id }) {
      const found = await showErasure.run(reach, { id }, {})
      const attestation = found?.report?.attestation ?? null
      if (attestation === null) throw notFound()
      return exchange.body(attestation, 200, { 'Content-Type': 'application/json' })
    },
  }),
]
