import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nobody, Talks } from '../../src/recall/talks.ts'
import { runs } from './run-parameters.ts'

const someRow = fc.record({ session: fc.constantFrom('s1', 's2'), atMs: fc.nat(3), createdAtMs: fc.nat(2) })

test('rows stand in the order of their talk, whatever was put and removed in between', () => {
  const seen = { middles: 0 }
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(9), fc.option(someRow), fc.boolean()), { maxLength: 40 }), (changes) => {
      const rows = new Map<number, { session: string; atMs: number; createdAtMs: number; id: string }>()
      const talks = new Talks((slot) => rows.get(slot)!)
      for (const [slot, row, asks] of changes) {
        const there = rows.get(slot)
        if (there) talks.remove(there.session, slot)
        rows.delete(slot)
        if (row !== null) {
          rows.set(slot, { ...row, id: `id${slot}` })
          talks.put(row.session, slot)
        }
        if (asks) talks.sort()
      }
      talks.sort()
      expect(talks.isEmpty).toBe(rows.size === 0)
      for (const session of ['s1', 's2']) {
        const order = [...rows]
          .filter(([, row]) => row.session === session)
          .sort(([, a], [, b]) => a.atMs - b.atMs || a.createdAtMs - b.createdAtMs || (a.id < b.id ? -1 : 1))
          .map(([slot]) => slot)
        order.forEach((slot, place) => {
          expect([talks.before(slot), talks.after(slot)]).toEqual([
            order[place - 1] ?? nobody,
            order[place + 1] ?? nobody,
          ])
        })
        seen.middles += Math.max(0, order.length - 2)
      }
    }),
    runs(2000),
  )
  expect(seen.middles).toBeGreaterThan(500)
})

test('a row of no session has no neighbours, and one that left has none either', () => {
  const talks = new Talks((slot) => ({ atMs: slot, createdAtMs: 0, id: `${slot}` }))
  for (const slot of [0, 1, 2]) talks.put('s', slot)
  talks.remove('s', 1)
  talks.sort()
  expect([talks.before(1), talks.after(1), talks.before(99), talks.after(99)]).toEqual([nobody, nobody, nobody, nobody])
  expect([talks.after(0), talks.before(2)]).toEqual([2, 0])
})
