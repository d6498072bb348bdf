import type { GateInput, Keep } from 'memkeep'
import { importScope } from '../authn/operator.ts'
import type { BadLine, Planned } from './planned.ts'
import { batchSize } from './store-batch.ts'

/** What a line says, and who is to have said it. */
export type Spoken = Pick<Planned, 'number' | 'subject'> & GateInput

/** Of these lines those that the gate refuses. */
export type Gate = (lines: readonly Spoken[]) => Promise<readonly BadLine[]>

/** Asks the gate of a tenant before anything is stored: it refuses a whole commit for one of its lines. */
export function gateOf(keep: Keep, tenant: string): Gate {
  return async (lines) => {
    const bad: BadLine[] = []
    for (const [subject, spoken] of Map.groupBy(lines, (line) => line.subject)) {
      for (let start = 0; start < spoken.length; start += batchSize) {
        const some = spoken.slice(start, start + batchSize)
        const memory = keep.for(importScope(tenant, subject))
        const places = await memory.wouldRefuse(some.map(({ number: _, subject: __, ...text }) => text))
        for (const place of places) bad.push({ number: some[place]!.number, code: 'ERR_CONTENT_REFUSED', why })
      }
    }
    return bad
  }
}

const why = 'the screening policy refuses this content'
