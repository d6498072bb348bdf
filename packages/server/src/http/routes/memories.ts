import { addMemories } from '../../operations/add-memories.ts'
import { addMemory } from '../../operations/add-memory.ts'
import { pageAnswer, receiptAnswer, receiptsAnswer, searchAnswer } from '../../operations/answers.ts'
import { listMemories } from '../../operations/list-memories.ts'
import type { CallOptions } from '../../operations/operation.ts'
import { searchMemories } from '../../operations/search-memories.ts'
import { idempotencyKeyOf } from '../check-headers.ts'
import type { Exchange } from '../exchange.ts'
import { type Route, route } from '../route.ts'

const path = '/v1/memories'

const add = route({
  method: 'POST',
  path,
  operationId: 'addMemory',
  summary: 'Store one memory',
  body: addMemory.input,
  conditions: ['idempotency-key'],
  answers: [{ status: 201, says: 'The receipt', schema: receiptAnswer, headers: ['Location'] }],
  async run({ exchange, reach, body }) {
    const receipt = await addMemory.run(reach, body, optionsOf(exchange))
    return exchange.json(receipt, 201, { Location: `${path}/${receipt.id}` })
  },
})

const addBatch = route({
  method: 'POST',
  path: `${path}/batch`,
  operationId: 'addMemories',
  summary: 'Store memories in one commit: all of them or none',
  body: addMemories.input,
  bodyLimitBytes: 8 * 1024 * 1024,
  // A hundred for each memory.
  mostValues: 100_000,
  conditions: ['idempotency-key'],
  answers: [{ status: 201, says: 'Receipts in the order of the memories', schema: receiptsAnswer }],
  async run({ exchange, reach, body }) {
    return exchange.json(await addMemories.run(reach, body, optionsOf(exchange)), 201)
  },
})

const list = route({
  method: 'GET',
  path,
  operationId: 'listMemories',
  summary: 'Memories, newest first, page by page',
  query: listMemories.input,
  answers: [{ status: 200, says: 'One page', schema: pageAnswer }],
  run: async ({ exchange, reach, query }) => exchange.json(await listMemories.run(reach, query, {})),
})

const search = route({
  method: 'POST',
  path: `${path}/search`,
  operationId: 'searchMemories',
  summary: 'The memories that answer best',
  body: searchMemories.input,
  // It changes nothing, so a key makes no difference; clients that send one with every POST need not leave it out here.
  conditions: ['idempotency-key'],
  answers: [{ status: 200, says: 'Memories, and the same as text for a prompt', schema: searchAnswer }],
  async run({ exchange, reach, body }) {
    return exchange.json(await searchMemories.run(reach, body, optionsOf(exchange)))
  },
})

/** What a POST brings beside its body. */
function optionsOf({ req, env }: Exchange): CallOptions {
  const idempotencyKey = idempotencyKeyOf(env.incoming)
  return { signal: req.raw.signal, ...(idempotencyKey === undefined ? {} : { idempotencyKey }) }
}

export const memoriesRoutes: readonly Route[] = [add, list, search, addBatch]
