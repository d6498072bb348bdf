import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { vectorFor } from './word-vectors.ts'

const dimensions = 16
const letters = [...'abcdefghijklmnopqrstuvwxyz0123456789.,!?']
const words = [
  '[PAD]',
  '[UNK]',
  '[CLS]',
  '[SEP]',
  'window',
  'seat',
  'invoice',
  'march',
  ...letters,
  ...letters.map((each) => `##${each}`),
]

/** The row of a word in the model's table. */
export const rowOf = (word: string): number[] => vectorFor(`word ${word}`, dimensions)

/**
 * Writes the folder of a real, if stupid, sentence model: ONNX with one operation, which looks each token up in a table. It shows that
 * the driver reads a folder, pools and keeps apart what it should; it says nothing of the quality of any model.
 */
export function writeTinyModel(dir: string, { seed = '' } = {}): void {
  mkdirSync(join(dir, 'onnx'), { recursive: true })
  const write = (file: string, content: unknown) => writeFileSync(join(dir, file), JSON.stringify(content))
  write('config.json', {
    model_type: 'bert',
    architectures: ['BertModel'],
    hidden_size: dimensions,
    vocab_size: words.length,
  })
  write('tokenizer_config.json', {
    tokenizer_class: 'BertTokenizer',
    pad_token: '[PAD]',
    unk_token: '[UNK]',
    cls_token: '[CLS]',
    sep_token: '[SEP]',
    model_max_length: 128,
  })
  const special = (id: number) => ({
    id,
    content: words[id],
    special: true,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
  })
  const mark = (id: number) => ({ SpecialToken: { id: words[id], type_id: 0 } })
  write('tokenizer.json', {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [0, 1, 2, 3].map(special),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [mark(2), { Sequence: { id: 'A', type_id: 0 } }, mark(3)],
      pair: [],
      special_tokens: Object.fromEntries(
        [2, 3].map((id) => [words[id], { id: words[id], ids: [id], tokens: [words[id]] }]),
      ),
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(words.map((word, id) => [word, id])),
    },
  })
  writeFileSync(join(dir, 'onnx', 'model.onnx'), onnxLookup(words.map((word) => rowOf(word + seed))))
}

/** An ONNX model (protobuf, by onnx.proto) of one node: `last_hidden_state = Gather(table, input_ids)`. */
function onnxLookup(table: readonly (readonly number[])[]): Buffer {
  const [int64, float] = [7, 1]
  const shape = (...dims: (string | number)[]) =>
    message(2, ...dims.map((dim) => message(1, typeof dim === 'string' ? text(2, dim) : number(1, dim))))
  const value = (field: number, name: string, type: number, ...dims: (string | number)[]) =>
    message(field, text(1, name), message(2, message(1, number(1, type), shape(...dims))))
  const raw = Buffer.from(Float32Array.from(table.flat()).buffer)
  const tensor = message(
    5,
    number(1, table.length),
    number(1, dimensions),
    number(2, float),
    text(8, 'table'),
    bytes(9, raw),
  )
  const node = message(1, text(1, 'table'), text(1, 'input_ids'), text(2, 'last_hidden_state'), text(4, 'Gather'))
  const graph = message(
    7,
    node,
    text(2, 'tiny'),
    tensor,
    value(11, 'input_ids', int64, 'batch', 'tokens'),
    value(12, 'last_hidden_state', float, 'batch', 'tokens', dimensions),
  )
  return Buffer.concat([number(1, 8), graph, message(8, text(1, ''), number(2, 13))])
}

function varint(value: number): Buffer {
  const out: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...out, rest])
    out.push((rest % 128) | 128)
  }
}
const number = (field: number, value: number): Buffer => Buffer.concat([varint(field * 8), varint(value)])
const bytes = (field: number, content: Buffer): Buffer =>
  Buffer.concat([varint(field * 8 + 2), varint(content.length), content])
const text = (field: number, content: string): Buffer => bytes(field, Buffer.from(content))
const message = (field: number, ...parts: Buffer[]): Buffer => bytes(field, Buffer.concat(parts))
