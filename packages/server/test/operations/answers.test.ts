import { expect, test } from 'vitest'
import { exportRecord, pageAnswer, receiptAnswer } from '../../src/operations/answers.ts'

test('what was stored before years had bounds is answered: one such date took every memory beside it from a reader', () => {
  const [now, beyond, before] = [new Date(), new Date(8.64e15), new Date(-8.64e15)]
  const labels = { actor: 'user', trust: 'user', sensitivity: 'private', kind: 'note', tags: [], metadata: {} }
  const none = { source: null, agent: null, session: null, speaker: null, tool: null, importance: null }
  const lineage = { derivedFrom: [], supersedes: null, common: false, subject: null }
  const times = { at: before, createdAt: now, updatedAt: now, expiresAt: beyond }
  const memory = { id: 'x', version: 1, content: 'x', ...labels, ...none, ...lineage, ...times }
  const written = JSON.parse(JSON.stringify(memory)) as typeof memory
  expect(pageAnswer.parse({ items: [written], nextCursor: null }).items).toEqual([written])
  expect(exportRecord.parse({ type: 'memory', current: true, ...written })).toMatchObject(written)
  const receipt = { outcome: 'stored', id: 'x', verdict: 'allow', durableUntil: beyond.toISOString() }
  expect(receiptAnswer.parse(receipt)).toEqual(receipt)
  expect(pageAnswer.safeParse({ items: [{ ...written, at: 'soon' }], nextCursor: null }).success).toBe(false)
})
