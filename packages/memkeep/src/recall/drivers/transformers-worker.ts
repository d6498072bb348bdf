import { workerData } from 'node:worker_threads'
import { pipeline } from '@huggingface/transformers'
import { answerTurns } from './answer-turns.ts'

const { dir, dtype, pooling } = workerData as { dir: string; dtype: string; pooling: string }
const extract = await pipeline('feature-extraction', dir, { local_files_only: true, dtype })

answerTurns({
  embed: async (texts) => (await extract(texts, { pooling, normalize: true })).tolist(),
  textChars: 16_000,
  passChars: 16_000,
})
