import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { hitOf, interval } from '../../../../bench/recall/measures.ts'
import { readQuestionSet } from '../../../../bench/recall/question-set.ts'
import { answers, parts } from '../../../../bench/recall/rooms.ts'
import { snowball } from '../../src/recall/drivers/snowball.ts'
import { useLite } from '../../src/recall/drivers/use-lite.ts'

// What docs/recall.md says of the two sets in the repository, by the very ranking of `search`. All of it is the same each time.

const embedder = useLite()
afterAll(() => embedder.close())

/** Recall@10 of each question of both sets, by way. */
async function recalls(): Promise<ReadonlyMap<string, readonly number[]>> {
  const tools = { embedder, languages: await snowball({ languages: ['en'] }) }
  const found = new Map<string, number[]>()
  for (const name of ['development', 'held-out']) {
    const path = fileURLToPath(new URL(`../../../../bench/sets/${name}.json`, import.meta.url))
    const { questions, ...set } = await readQuestionSet(path, (text) => expect.fail(text))
    for (const [way, lists] of await answers({ questions, ...set }, tools, 10)) {
      const hits = lists.map((list, place) => hitOf(list, questions[place]!.evidence).recall10)
      found.set(way.name, [...(found.get(way.name) ?? []), ...hits])
    }
  }
  return found
}

test('the whole finds more than each of its parts, beyond chance', { timeout: 600_000 }, async () => {
  const found = await recalls()
  const whole = found.get('hybrid')!
  expect(whole.length).toBeGreaterThanOrEqual(150)
  expect(parts.size).toBe(3)
  for (const part of parts) {
    const [low] = interval(whole.map((recall, place) => recall - found.get(part)![place]!))
    expect(low, part).toBeGreaterThan(0)
  }
})
