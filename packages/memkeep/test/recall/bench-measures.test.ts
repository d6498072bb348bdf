import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { hitOf, interval } from '../../../../bench/recall/measures.ts'
import { readQuestionSet } from '../../../../bench/recall/question-set.ts'

test.each([
  ['all among the first five', ['a', 'x', 'b'], ['a', 'b'], { recall5: 1, recall10: 1, reciprocalRank: 1 }],
  ['half of it, second', ['x', 'a', 'y'], ['a', 'b'], { recall5: 0.5, recall10: 0.5, reciprocalRank: 0.5 }],
  ['sixth', ['1', '2', '3', '4', '5', 'a'], ['a'], { recall5: 0, recall10: 1, reciprocalRank: 1 / 6 }],
  ['tenth', [...'123456789', 'a'], ['a'], { recall5: 0, recall10: 1, reciprocalRank: 0.1 }],
  ['eleventh', [...'123456789', '0', 'a'], ['a'], { recall5: 0, recall10: 0, reciprocalRank: 1 / 11 }],
  ['nowhere', ['x'], ['a'], { recall5: 0, recall10: 0, reciprocalRank: 0 }],
])('evidence found: %s', (_, found, evidence, wanted) => {
  expect(hitOf(found, evidence)).toEqual(wanted)
})

test('an interval is about as wide as the normal one, and the same each time', () => {
  const values = Array.from({ length: 400 }, (_, place) => place % 2)
  const [low, high] = interval(values)
  // Of 400 throws of a coin: 0.5 plus and minus 1.96 times 0.025.
  expect(low).toBeCloseTo(0.451, 2)
  expect(high).toBeCloseTo(0.549, 2)
  expect(interval(values)).toEqual([low, high])
  expect(interval([1, 1, 1])).toEqual([1, 1])
})

async function read(set: unknown) {
  const dir = await mkdtemp(join(tmpdir(), 'memkeep-set-'))
  onTestFinished(() => rm(dir, { recursive: true }))
  await writeFile(join(dir, 'set.json'), JSON.stringify(set))
  const warnings: string[] = []
  const { memories, questions } = await readQuestionSet(join(dir, 'set.json'), (text) => warnings.push(text))
  return { memories, questions, warnings }
}

const memories = [
  { id: 'm1', content: 'one' },
  { id: 'm2', text: 'two', session: 's', at: '2025-01-01' },
]

test.each([
  ['with the question', { questions: [{ id: 'q', question: '?', evidence: ['m2'] }] }],
  ['as one id', { questions: [{ id: 'q', text: '?', evidence: 'm2' }] }],
  ['beside, by question', { questions: [{ id: 'q', question: '?' }], evidence: { q: ['m2'] } }],
  ['beside, as a list', { questions: [{ id: 'q', question: '?' }], evidence: [{ question: 'q', memory: 'm2' }] }],
  ['beside, in order', { questions: ['?'], evidence: [['m2']] }],
])('evidence may stand %s', async (_, rest) => {
  const set = await read({ memories, ...rest })
  expect(set.questions.map(({ question, evidence }) => [question, evidence])).toEqual([['?', ['m2']]])
  expect(set.memories.map(({ content, session, atMs }) => [content, session, atMs])).toEqual([
    ['one', null, null],
    ['two', 's', Date.UTC(2025, 0, 1)],
  ])
  expect(set.warnings).toEqual([])
})

test('what cannot be found is left out, and said', async () => {
  const asked = [
    { question: '?', evidence: ['m1', 'gone'] },
    { question: '??', evidence: [] },
  ]
  const { questions, warnings } = await read({ memories, questions: asked })
  expect(questions.map(({ evidence }) => evidence)).toEqual([['m1']])
  expect(warnings.length).toBe(2)
})

test('a set that is none is refused', async () => {
  for (const none of [[], null, 7]) await expect(read(none as never)).rejects.toThrow('a set is an object')
  const unanswered = [{ id: 'q', question: 'q', evidence: ['no memory'] }]
  await expect(read({ memories, questions: unanswered })).rejects.toThrow('no question is left')
  await expect(read({ questions: [] })).rejects.toThrow('memories')
  await expect(read({ memories: [{ id: 'a' }], questions: [] })).rejects.toThrow('no content')
  await expect(read({ memories: [...memories, ...memories], questions: [] })).rejects.toThrow('one id')
})
