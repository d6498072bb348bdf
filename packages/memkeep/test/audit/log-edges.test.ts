import { expect, test } from 'vitest'
import type { LogKey } from '../../src/keys/log-key.ts'
import { LogEdges, type LogPlace } from '../../src/upkeep/log-edges.ts'
import { inParts, type PendingRow, type WaitingLog } from '../../src/upkeep/pending-logs.ts'
import { random, seed } from '../support/seed.ts'

const key = {} as LogKey
const former = { line: 1, note: 'a former head' }
const tenantOf = (n: number): Buffer => {
  const tenant = Buffer.alloc(16)
  tenant.writeUInt32BE(n)
  return tenant
}

test('more logs than are kept from run to run have their edges in one run, and the same ones the next time', async () => {
  let asked = 0
  const edges = new LogEdges(async () => {
    asked++
    return [{ place: 1, level: 1, hashes: Buffer.alloc(32) }]
  })
  const places = Array.from({ length: 2_500 }, (_, n): LogPlace => ({ tenant: tenantOf(n), line: 1, size: 0, key }))
  const first = await edges.load(places)
  expect(first).toHaveLength(places.length)
  expect(first.every((edge) => !(edge instanceof Error) && edge.appender.size === 0)).toBe(true)
  // A log without leaves has no edge to read.
  expect(asked).toBe(0)
  const [again] = await edges.load([places[0]!])
  expect(again).toBe(first[0])
  // Of another size than is kept: read anew.
  await edges.load([{ ...places[0]!, size: 256 }])
  expect(asked).toBe(1)
})

test('what waits is parted without loss: each log in order, each part where the one before it ended', () => {
  console.log(`seed ${seed}`)
  const draw = random()
  for (let round = 0; round < 200; round++) {
    const most = 1 + Math.floor(draw() * 20)
    const logs = Array.from({ length: 1 + Math.floor(draw() * 6) }, (_, n): WaitingLog => {
      const events = Array.from(
        { length: 1 + Math.floor(draw() * 30) },
        (_, id) => ({ id: `${n}/${id}` }) as PendingRow,
      )
      const begins = draw() < 0.3
      const size = begins ? 0 : Math.floor(draw() * 1000)
      return {
        tenant: tenantOf(n),
        line: 2,
        size,
        vkey: null,
        note: begins ? null : 'a head',
        former: begins ? former : null,
        events,
      }
    })
    const parts = [...inParts(logs, most)]
    for (const part of parts.slice(0, -1)) expect(part.reduce((sum, { events }) => sum + events.length, 0)).toBe(most)
    for (const log of logs) {
      const own = parts.flat().filter(({ tenant }) => tenant.equals(log.tenant))
      expect(own.flatMap(({ events }) => events)).toEqual(log.events)
      let size = log.size
      for (const [i, part] of own.entries()) {
        expect(part.size).toBe(size)
        expect(part.former).toBe(i === 0 ? log.former : null)
        expect(part.note).toBe(i === 0 ? log.note : null)
        // The first leaf of a log that goes on from another is one more.
        size += part.events.length + (part.former === null ? 0 : 1)
      }
    }
  }
})
