import { execFileSync } from 'node:child_process'
import { afterAll, describe, expect, test } from 'vitest'
import { testEmbedder } from '../../../src/conformance/embedder.ts'
import { useLite } from '../../../src/recall/drivers/use-lite.ts'
import { embedAll } from '../../../src/recall/embedder.ts'
import { codeOf, errorOf } from '../../support/code-of.ts'

const embedder = useLite()
const again = useLite()
afterAll(() => Promise.all([embedder.close(), again.close()]))

const likeness = async (a: string, b: string): Promise<number> => {
  const [first, second] = await embedAll(embedder, [a, b])
  return first!.reduce((sum, value, at) => sum + value * second![at]!, 0)
}

test('keeps every promise of an embedder', async () => {
  await testEmbedder(async () => ({ embedder, again, dimensions: 512 }))
})

test.each([
  [
    'where does she like to sit on a plane?',
    'Ana prefers a window seat when flying.',
    'The invoice of March is unpaid.',
  ],
  ['what does he not eat?', 'Tom is allergic to peanuts.', 'The meeting moved to Thursday.'],
  ['how do I get to the office?', 'Take the number 9 bus to the headquarters.', 'Her sister studies botany.'],
])('%s is nearer to what answers it than to something else', async (question, answer, other) => {
  expect(await likeness(question, answer)).toBeGreaterThan((await likeness(question, other)) + 0.05)
})

test('the event loop turns while the model works', async () => {
  const work = embedAll(
    embedder,
    Array.from({ length: 64 }, (_, at) => `a sentence of some length about number ${at}`),
  )
  let turns = 0
  let done = false
  const end = work.finally(() => {
    done = true
  })
  while (!done) {
    turns++
    await new Promise(setImmediate)
  }
  await end
  // In the caller's own thread the model would come back to the loop once per pass: a few times in all.
  expect(turns).toBeGreaterThan(1_000)
})

describe('the thread', () => {
  test('ends with close, fails what is under way, and starts again with the next call', async () => {
    const own = useLite()
    await own.doEmbed({ values: ['warm'] })
    const call = Promise.resolve(own.doEmbed({ values: ['late'] }))
    const failed = errorOf(call)
    await own.close()
    expect(await failed).toMatchObject({ code: 'ERR_EMBEDDER', retryable: true })
    expect((await own.doEmbed({ values: ['again'] })).embeddings).toHaveLength(1)
    await own[Symbol.asyncDispose]()
    await own.close()
  })

  test('is given up by an aborted call at once, also while it starts', async () => {
    await using own = useLite()
    const control = new AbortController()
    const call = own.doEmbed({ values: ['a'], abortSignal: control.signal })
    control.abort()
    expect(await codeOf(Promise.resolve(call))).toBe('ERR_ABORTED')
    expect((await own.doEmbed({ values: ['b'] })).embeddings).toHaveLength(1)
  })

  test('lets the process end, and prints nothing', () => {
    const program = `
      import { useLite } from '${new URL('../../../src/recall/drivers/use-lite.ts', import.meta.url)}'
      const { embeddings } = await useLite().doEmbed({ values: ['hello'] })
      console.log(embeddings[0].length)`
    const printed = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
      timeout: 60_000,
      encoding: 'utf8',
      stdio: 'pipe',
    })
    expect(printed).toBe('512\n')
  })
})
