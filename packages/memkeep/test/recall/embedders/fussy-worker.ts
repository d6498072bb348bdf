import { workerData } from 'node:worker_threads'
import { answerTurns } from '../../../src/recall/drivers/answer-turns.ts'

if (workerData === 'broken') throw new Error('no model here')

let passes = 0

/**
 * A model that throws at `poison`, dies at `death`, and of a fault outside the call at `fault`, has a vector too few at `fewer`, one too
 * many at `more`, and a longer one at `longer`; it answers which pass a text was in, how large that was, and how long the text.
 */
answerTurns({
  async embed(texts) {
    passes++
    if (texts.includes('death')) process.exit(3)
    if (texts.includes('fault')) {
      setImmediate(() => {
        throw new Error('fault')
      })
      await new Promise(() => {})
    }
    if (texts.includes('poison')) throw new Error('poison')
    await new Promise((resolve) => setTimeout(resolve, 20))
    const vectors = texts.map((text) => [passes, texts.length, text.length, ...(text === 'longer' ? [0] : [])])
    if (texts.includes('fewer')) vectors.pop()
    return texts.includes('more') ? [...vectors, [0, 0, 0]] : vectors
  },
  textChars: 100,
  passChars: 400,
})
