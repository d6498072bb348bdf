import { expect, test } from 'vitest'
import { type Filter, narrows, passes } from '../../src/recall/filter.ts'
import { entry } from './shelf-entries.ts'

const row = entry('a', {
  kind: 'turn',
  trust: 'user',
  atMs: 10,
  createdAtMs: 1000,
  expiresAtMs: 100,
  tags: ['red', 'blue'],
  agent: 'scout',
  session: 's1',
})

test.each<[string, Partial<Filter>, boolean]>([
  ['nothing asked', {}, true],
  ['one of the kinds', { kinds: ['fact', 'turn'] }, true],
  ['another kind', { kinds: ['fact'] }, false],
  ['no kind at all', { kinds: [] }, false],
  ['all of the tags', { tags: ['blue', 'red'] }, true],
  ['a tag too many', { tags: ['blue', 'green'] }, false],
  ['no tags asked', { tags: [] }, true],
  ['the agent', { agent: 'scout' }, true],
  ['another agent', { agent: 'scouts' }, false],
  ['any agent', { agent: null }, true],
  ['the session', { session: 's1' }, true],
  ['another session', { session: 's' }, false],
  ['any session', { session: null }, true],
  ['since that moment', { sinceMs: 10 }, true],
  ['since later', { sinceMs: 11 }, false],
  ['until later', { untilMs: 11 }, true],
  ['until that moment', { untilMs: 10 }, false],
  ['less trust', { minTrust: 'external' }, true],
  ['that trust', { minTrust: 'user' }, true],
  ['more trust', { minTrust: 'agent' }, false],
  ['one of the sensitivities', { sensitivity: ['public', 'private'] }, true],
  ['another sensitivity', { sensitivity: ['public', 'sensitive'] }, false],
  ['no sensitivity at all', { sensitivity: [] }, false],
  ['the last moment before it expires', { nowMs: 99 }, true],
  ['the moment when it expires', { nowMs: 100 }, false],
])('%s', (_, filter, wanted) => {
  expect(passes(row, { nowMs: 0, ...filter })).toBe(wanted)
  // Where something may be left out, `narrows` says so: ranking leans on it.
  if (!wanted && filter.nowMs === undefined) expect(narrows({ nowMs: 0, ...filter })).toBe(true)
})

test('a memory without agent or session does not pass as one of a named one', () => {
  expect(passes(entry('b'), { agent: 'scout', nowMs: 0 })).toBe(false)
  expect(passes(entry('b'), { session: 's1', nowMs: 0 })).toBe(false)
})

test('a filter without any bound does not narrow', () => {
  expect(narrows({ nowMs: 0 })).toBe(false)
  expect(narrows({ nowMs: 0, agent: null, session: null })).toBe(false)
})
