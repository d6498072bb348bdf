import { z } from 'zod'
import { listEvents } from '../../operations/audit/list-events.ts'
import { openEvent } from '../../operations/audit/open-event.ts'
import { proveEvent } from '../../operations/audit/prove-event.ts'
import { readCheckpoint } from '../../operations/audit/read-checkpoint.ts'
import { notFound } from '../problem.ts'
import { type Route, route } from '../route.ts'

const path = '/v1/audit'
const event = z.looseObject({
  id: z.string(),
  at: z.iso.datetime(),
  action: z.string(),
  outcome: z.string(),
  by: z.string(),
  memories: z.array(z.string()),
  index: z.int().nullable().describe('Its place in the log; null: none yet.'),
  line: z.int().nullable().describe("Which of the tenant's logs that is, from 1; null: none yet."),
})
const head = z.looseObject({
  origin: z.string(),
  key: z.string(),
  size: z.int(),
  signedAt: z.iso.datetime(),
  checkpoint: z.string().describe('The signed note.'),
  line: z.int().describe("Which of the tenant's logs it is, from 1."),
})
const proof = z.looseObject({
  origin: z.string(),
  vkey: z.string().describe("The log's public key."),
  line: z.int(),
  index: z.int(),
  size: z.int(),
  entry: z.string().describe('The leaf: one line of JSON.'),
  proof: z.array(z.string()).describe('Hashes in base64.'),
  checkpoint: z.string(),
  file: z.string().describe('All of it as one .tlog-proof file, for `memkeep verify` and tools of others.'),
})

const opening = z.looseObject({
  opening: z.string().describe('Text, as it stands, for `memkeep verify FILE --opening` and `verifyProof`.'),
})

export const auditRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path,
    operationId: 'listEvents',
    summary: 'What was done, refused and disclosed, newest first. Right audit',
    query: listEvents.input,
    answers: [
      { status: 200, says: 'One page', schema: z.object({ items: z.array(event), nextCursor: z.string().nullable() }) },
    ],
    run: async ({ exchange, reach, query }) => exchange.json(await listEvents.run(reach, query, {})),
  }),
  route({
    method: 'GET',
    path: `${path}/checkpoint`,
    operationId: 'readCheckpoint',
    summary: "The newest signed head of the tenant's log. Right audit",
    answers: [{ status: 200, says: 'The head', schema: head }],
    refusals: [404],
    async run({ exchange, reach }) {
      const found = await readCheckpoint.run(reach, {}, {})
      if (found === null) throw notFound()
      return exchange.json(found)
    },
  }),
  route({
    method: 'GET',
    path: `${path}/{id}/proof`,
    operationId: 'proveEvent',
    summary: 'That an event is in the log, to be checked offline; 503 while it has no place yet. Right audit',
    answers: [{ status: 200, says: 'The proof', schema: proof }],
    refusals: [404],
    async run({ exchange, reach, id }) {
      const found = await proveEvent.run(reach, { id }, {})
      if (found === null) throw notFound()
      return exchange.json(found)
    },
  }),
  route({
    method: 'GET',
    path: `${path}/{id}/opening`,
    operationId: 'openEvent',
    summary:
      "One event's details, to be shown beside its proof and without any other's; 404 also while it has no place yet, and once its key is gone. Right audit",
    answers: [{ status: 200, says: 'The details', schema: opening }],
    refusals: [404],
    async run({ exchange, reach, id }) {
      const found = await openEvent.run(reach, { id }, {})
      if (found === null) throw notFound()
      return exchange.json(found)
    },
  }),
]
