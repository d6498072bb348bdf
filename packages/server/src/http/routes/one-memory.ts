import { memoryAnswer, receiptAnswer, versionsAnswer } from '../../operations/answers.ts'
import { deleteMemory } from '../../operations/delete-memory.ts'
import { getMemory } from '../../operations/get-memory.ts'
import { memoryHistory } from '../../operations/memory-history.ts'
import { updateMemory } from '../../operations/update-memory.ts'
import { conditionOf, entityTag } from '../check-headers.ts'
import { notFound, preconditioned } from '../problem.ts'
import { type Route, route } from '../route.ts'

const path = '/v1/memories/{id}'

const get = route({
  method: 'GET',
  path,
  operationId: 'getMemory',
  summary: 'One memory',
  conditions: ['if-none-match'],
  answers: [
    { status: 200, says: 'The memory', schema: memoryAnswer, headers: ['ETag'] },
    { status: 304, says: 'The version that If-None-Match names still stands', headers: ['ETag'] },
  ],
  refusals: [404],
  async run({ exchange, reach, id }) {
    const condition = conditionOf(exchange.env.incoming, 'if-none-match')
    const memory = await getMemory.run(reach, { id }, {})
    if (memory === null) throw notFound()
    const headers = { ETag: entityTag(memory.version) }
    const stands = condition === 'any' || condition === memory.version
    return stands ? exchange.body(null, 304, headers) : exchange.json(memory, 200, headers)
  },
})

const update = route({
  method: 'PUT',
  path,
  operationId: 'updateMemory',
  summary: 'Put a new version in place; what is absent stays as it was',
  body: updateMemory.input.omit({ id: true, ifVersion: true }),
  conditions: ['if-match'],
  answers: [{ status: 200, says: 'The receipt of the new version', schema: receiptAnswer, headers: ['ETag'] }],
  refusals: [404, 409, 412],
  async run({ exchange, reach, id, body }) {
    const condition = conditionOf(exchange.env.incoming, 'if-match')
    const expected = typeof condition === 'number' ? { ifVersion: condition } : {}
    const receipt = await preconditioned(condition, () => updateMemory.run(reach, { id, ...body, ...expected }, {}))
    if (receipt === null) throw notFound()
    return exchange.json(receipt, 200, { ETag: entityTag(receipt.version) })
  },
})

const remove = route({
  method: 'DELETE',
  path,
  operationId: 'deleteMemory',
  summary: 'Delete one memory with every version',
  answers: [{ status: 204, says: 'It is gone' }],
  refusals: [404],
  async run({ exchange, reach, id }) {
    if (!(await deleteMemory.run(reach, { id }, {}))) throw notFound()
    return exchange.body(null, 204)
  },
})

const history = route({
  method: 'GET',
  path: `${path}/history`,
  operationId: 'memoryHistory',
  summary: 'Every version of one memory',
  answers: [{ status: 200, says: 'Versions, newest first', schema: versionsAnswer }],
  refusals: [404],
  async run({ exchange, reach, id }) {
    const answer = await memoryHistory.run(reach, { id }, {})
    if (answer.versions.length === 0) throw notFound()
    return exchange.json(answer)
  },
})

export const oneMemoryRoutes: readonly Route[] = [get, update, remove, history]
