import { z } from 'zod'
import { heldAnswer, heldPageAnswer } from '../../operations/answers.ts'
import { getHeld } from '../../operations/quarantine/get-held.ts'
import { listHeld } from '../../operations/quarantine/list-held.ts'
import { rejectHeld, releaseHeld } from '../../operations/quarantine/review-held.ts'
import { notFound } from '../problem.ts'
import { type Route, route } from '../route.ts'

const path = '/v1/quarantine'
const released = z.object({ released: z.array(z.string()).describe('Ids that were held.') })
const rejected = z.object({ rejected: z.array(z.string()).describe('Ids that were held.') })

/** In bulk before one by one: the first path that matches counts. */
export const quarantineRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path,
    operationId: 'listHeld',
    summary: 'What is held for review, in the order in which it was made. Right review',
    query: listHeld.input,
    answers: [{ status: 200, says: 'One page', schema: heldPageAnswer }],
    run: async ({ exchange, reach, query }) => exchange.json(await listHeld.run(reach, query, {})),
  }),
  route({
    method: 'POST',
    path: `${path}/release`,
    operationId: 'releaseManyHeld',
    summary: 'Make memories of what is held, trusted as it is. Right review',
    body: releaseHeld.input,
    answers: [{ status: 200, says: 'Which of them were held', schema: released }],
    refusals: [409],
    run: async ({ exchange, reach, body }) => exchange.json(await releaseHeld.run(reach, body, {})),
  }),
  route({
    method: 'POST',
    path: `${path}/reject`,
    operationId: 'rejectManyHeld',
    summary: 'Remove what is held, with every version. Right review',
    body: rejectHeld.input,
    answers: [{ status: 200, says: 'Which of them were held', schema: rejected }],
    refusals: [409],
    run: async ({ exchange, reach, body }) => exchange.json(await rejectHeld.run(reach, body, {})),
  }),
  route({
    method: 'GET',
    path: `${path}/{id}`,
    operationId: 'getHeld',
    summary: 'One that is held, with why. Right review',
    answers: [{ status: 200, says: 'It', schema: heldAnswer }],
    refusals: [404],
    async run({ exchange, reach, id }) {
      const held = await getHeld.run(reach, { id }, {})
      if (held === null) throw notFound()
      return exchange.json(held)
    },
  }),
  route({
    method: 'POST',
    path: `${path}/{id}/release`,
    operationId: 'releaseHeld',
    summary: 'Make a memory of one that is held and was never revised, trusted as it is. Right review',
    answers: [{ status: 200, says: 'It is a memory', schema: released }],
    refusals: [404, 409],
    async run({ exchange, reach, id }) {
      const answer = await releaseHeld.run(reach, { ids: [id] }, {})
      if (answer.released.length === 0) throw notFound()
      return exchange.json(answer)
    },
  }),
  route({
    method: 'POST',
    path: `${path}/{id}/reject`,
    operationId: 'rejectHeld',
    summary: 'Remove one that is held, with every version. Right review',
    answers: [{ status: 200, says: 'It is gone', schema: rejected }],
    refusals: [404],
    async run({ exchange, reach, id }) {
      const answer = await rejectHeld.run(reach, { ids: [id] }, {})
      if (answer.rejected.length === 0) throw notFound()
      return exchange.json(answer)
    },
  }),
]
