import { workerData } from 'node:worker_threads'
import { answerTurns } from '../../../src/recall/drivers/answer-turns.ts'

if (workerData === 'broken') throw new Error('no model here')

let passes = 0

/** A model that throws at `poison`, dies at `death`, and answers which pass a text was in, how large that was, and how long the text. */
answerTurns({
  async embed(texts) {
    passes++
    if (texts.includes('death')) process.exit(3)
    if (texts.includes('poison')) throw new Error('poison')
    await new Promise((resolve) => setTimeout(resolve, 20))
    return texts.map((text) => [passes, texts.length, text.length])
  },
  textChars: 100,
  passChars: 400,
})
