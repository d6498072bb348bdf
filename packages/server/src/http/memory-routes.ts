import { MemkeepError } from 'memkeep'
import { addMemory } from '../operations/add-memory.ts'
import { deleteMemory } from '../operations/delete-memory.ts'
import { getMemory } from '../operations/get-memory.ts'
import { listMemories } from '../operations/list-memories.ts'
import { parseInput } from '../operations/parse-input.ts'
import { searchMemories } from '../operations/search-memories.ts'
import { idempotencyKeyOf } from './check-headers.ts'
import type { Exchange, Handler } from './exchange.ts'
import { notFound } from './problem.ts'
import { readJson } from './read-body.ts'
import { parseQuery } from './target.ts'

const add: Handler = async (exchange, reach) => {
  parseQuery(exchange.var.target.query, [], [])
  const idempotencyKey = idempotencyKeyOf(exchange.env.incoming)
  const input = parseInput(addMemory.input, await readJson(exchange.env.incoming))
  const options = { signal: exchange.req.raw.signal, ...(idempotencyKey === undefined ? {} : { idempotencyKey }) }
  const receipt = await addMemory.run(reach, input, options)
  return exchange.json(receipt, 201, { Location: `/v1/memories/${receipt.id}` })
}

const search: Handler = async (exchange, reach) => {
  parseQuery(exchange.var.target.query, [], [])
  const input = parseInput(searchMemories.input, await readJson(exchange.env.incoming))
  return exchange.json(await searchMemories.run(reach, input, { signal: exchange.req.raw.signal }))
}

const list: Handler = async (exchange, reach) => {
  const { limit, ...rest } = parseQuery(
    exchange.var.target.query,
    ['limit', 'cursor'],
    ['kinds', 'tags', 'sensitivity'],
  )
  if (limit !== undefined && !/^\d{1,9}$/.test(String(limit))) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'limit must be a whole number from 1')
  }
  const input = parseInput(listMemories.input, limit === undefined ? rest : { ...rest, limit: Number(limit) })
  return exchange.json(await listMemories.run(reach, input, {}))
}

const get: Handler = async (exchange, reach) => {
  parseQuery(exchange.var.target.query, [], [])
  const memory = await getMemory.run(reach, { id: idOf(exchange) }, {})
  if (memory === null) throw notFound()
  return exchange.json(memory)
}

const remove: Handler = async (exchange, reach) => {
  parseQuery(exchange.var.target.query, [], [])
  if (!(await deleteMemory.run(reach, { id: idOf(exchange) }, {}))) throw notFound()
  return exchange.body(null, 204)
}

/** The last part of the path as it was sent. */
function idOf({ var: { target } }: Exchange): string {
  return target.path.slice(target.path.lastIndexOf('/') + 1)
}

/** Path to method to what answers it. The first path that matches counts. */
export const memoryRoutes: Readonly<Record<string, Readonly<Record<string, Handler>>>> = Object.freeze({
  '/v1/memories/search': { POST: search },
  '/v1/memories': { GET: list, POST: add },
  '/v1/memories/:id': { GET: get, DELETE: remove },
})
