import { exportRecord } from '../../operations/answers.ts'
import { exportMemories } from '../../operations/export-memories.ts'
import { lines } from '../lines.ts'
import { type Route, route } from '../route.ts'

const exportAll = route({
  method: 'GET',
  path: '/v1/export',
  operationId: 'exportMemories',
  summary: 'Everything that is held about whom the key reaches, counts last: an answer without them was cut off',
  answers: [{ status: 200, says: 'One record a line', schema: exportRecord, type: 'application/x-ndjson' }],
  run: ({ exchange, reach, stands }) => lines(exchange, exportMemories.run(reach), stands),
})

export const exportRoutes: readonly Route[] = [exportAll]
