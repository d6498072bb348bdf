import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { testEmbedder } from '../../../src/conformance/embedder.ts'
import { installed } from '../../../src/recall/drivers/installed.ts'
import { transformers } from '../../../src/recall/drivers/transformers.ts'
import { embedAll } from '../../../src/recall/embedder.ts'
import { errorOf } from '../../support/code-of.ts'
import { rowOf, writeTinyModel } from './tiny-onnx-model.ts'

// The package is not among the repository's own (474 MB): install it beside the checkout's packages to run these.
const here = installed(['@huggingface/transformers'])

let root: string
let dir: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'mk-model-'))
  dir = join(root, 'tiny')
  writeTinyModel(dir)
})
afterEach(() => rmSync(root, { recursive: true }))

const mean = (...words: string[]): number[] => {
  const rows = words.map(rowOf)
  const sum = rows[0]!.map((_, at) => rows.reduce((total, row) => total + row[at]!, 0))
  const length = Math.hypot(...sum)
  return sum.map((value) => value / length)
}

describe.skipIf(!here)('a model in a folder', () => {
  test('keeps every promise of an embedder', async () => {
    await using embedder = await transformers({ dir })
    await using again = await transformers({ dir })
    await testEmbedder(async () => ({ embedder, again, dimensions: 16 }))
  })

  test('gives the mean of its tokens, or the first, or the last', async () => {
    const wanted = {
      mean: mean('[CLS]', 'window', 'seat', '?', '[SEP]'),
      cls: mean('[CLS]'),
      last_token: mean('[SEP]'),
    }
    for (const pooling of ['mean', 'cls', 'last_token'] as const) {
      await using embedder = await transformers({ dir, pooling })
      const [vector] = await embedAll(embedder, ['Window SEAT?'])
      expect([...vector!]).toEqual(wanted[pooling].map((value) => expect.closeTo(value, 5)))
    }
  })

  test('is named by what is in it', async () => {
    const names: string[] = []
    const note = async (...options: Partial<Parameters<typeof transformers>[0]>[]) => {
      for (const option of options) {
        await using embedder = await transformers({ dir, ...option })
        names.push(`${embedder.provider}/${embedder.modelId}`)
      }
    }
    await note({}, {}, { pooling: 'cls' })
    writeTinyModel(dir, { seed: 'another' })
    await note({})
    expect(names[0]).toMatch(/^transformers\/tiny@[0-9a-f]{12}-mean$/)
    expect(names[1]).toBe(names[0])
    expect(new Set(names).size).toBe(3)
  })

  test('that does not load is refused when it is opened, not to be tried again', async () => {
    writeFileSync(join(dir, 'onnx', 'model.onnx'), 'no model')
    expect(await errorOf(transformers({ dir }))).toMatchObject({ code: 'ERR_EMBEDDER', retryable: false })
  })

  test('that has not all its files is refused, and nothing is fetched for it', async () => {
    renameSync(join(dir, 'tokenizer.json'), join(dir, 'other.json'))
    const error = await errorOf(transformers({ dir, dtype: 'q8' }))
    expect(error.code).toBe('ERR_INPUT_INVALID')
    expect(error.message).toMatch(/lacks tokenizer.json, onnx\/model_quantized.onnx$/)
  })
})

test.skipIf(here)('without the package it says what to install', async () => {
  const error = await errorOf(transformers({ dir }))
  expect(error.code).toBe('ERR_INPUT_INVALID')
  expect(error.message).toContain('npm install @huggingface/transformers')
})

test.each([{ dtype: 'q9' }, { pooling: 'sum' }, { dtype: 'toString' }])('%j is refused', async (option) => {
  expect((await errorOf(transformers({ dir, ...option } as never))).code).toBe('ERR_INPUT_INVALID')
})
