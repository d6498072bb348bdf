import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { MemkeepError } from '../../core/errors.ts'
import { installed } from './installed.ts'
import { ModelThread } from './model-thread.ts'
import { type ThreadedEmbedder, threadedEmbedder } from './threaded-embedder.ts'

export interface TransformersInput {
  /** The model's folder: `config.json`, `tokenizer.json`, `tokenizer_config.json` and `onnx/`. */
  readonly dir: string
  /** Which of the model's files: `onnx/model.onnx`, `model_fp16.onnx`, `model_quantized.onnx` or `model_q4.onnx`. Default `fp32`. */
  readonly dtype?: 'fp32' | 'fp16' | 'q8' | 'q4'
  /** How the vectors of a text's tokens become one; the model's card says. Default `mean`. */
  readonly pooling?: 'mean' | 'cls' | 'last_token'
}

const suffixes = { fp32: '', fp16: '_fp16', q8: '_quantized', q4: '_q4' } as const
const poolings = ['mean', 'cls', 'last_token'] as const

/**
 * A sentence model in ONNX, run by `@huggingface/transformers` in a thread of its own from a folder on this machine. Nothing is
 * ever fetched. Longer texts are cut to what the model takes. The model's name carries a digest of its files and the pooling, so that
 * another model in the same folder is another model. Resolves when the model has answered once.
 * Throws `ERR_INPUT_INVALID` when the package or a file is missing, `ERR_EMBEDDER` when the model does not load.
 */
export async function transformers(input: TransformersInput): Promise<ThreadedEmbedder> {
  const { dtype = 'fp32', pooling = 'mean' } = input
  if (!Object.hasOwn(suffixes, dtype)) throw new MemkeepError('ERR_INPUT_INVALID', 'dtype is none that is known')
  if (!poolings.includes(pooling)) throw new MemkeepError('ERR_INPUT_INVALID', 'pooling is none that is known')
  if (!installed(['@huggingface/transformers'])) {
    throw new MemkeepError('ERR_INPUT_INVALID', 'this embedder needs a package: npm install @huggingface/transformers')
  }
  const dir = resolve(input.dir)
  const digest = await digestOf(dir, `onnx/model${suffixes[dtype]}.onnx`)
  const thread = new ModelThread('transformers-worker', { dir, dtype, pooling })
  const embedder = threadedEmbedder('transformers', `${basename(dir)}@${digest}-${pooling}`, thread)
  await embedder.doEmbed({ values: ['ready?'] })
  return embedder
}

/** The first 12 hex digits of SHA-256 over everything that a vector depends on. */
async function digestOf(dir: string, weights: string): Promise<string> {
  const needed = ['config.json', 'tokenizer.json', 'tokenizer_config.json', weights]
  const missing = needed.filter((file) => !existsSync(join(dir, file)))
  if (missing.length > 0) throw new MemkeepError('ERR_INPUT_INVALID', `the model's folder lacks ${missing.join(', ')}`)
  const hash = createHash('sha256')
  // Large models keep their numbers in a second file.
  for (const file of [...needed, `${weights}_data`].filter((file) => existsSync(join(dir, file)))) {
    const own = createHash('sha256')
    for await (const chunk of createReadStream(join(dir, file))) own.update(chunk as Buffer)
    hash.update(own.digest())
  }
  return hash.digest('hex').slice(0, 12)
}
