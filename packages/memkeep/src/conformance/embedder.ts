import assert from 'node:assert/strict'
import { type Embedder, embedAll } from '../recall/embedder.ts'

export interface EmbedderPlace {
  readonly embedder: Embedder
  /** The same model, reached as another process would reach it. */
  readonly again: Embedder
  /** Length of its vectors. */
  readonly dimensions: number
}

/**
 * Tries everything that an `Embedder` promises, with texts in several scripts. It knows nothing of meaning: a model that is bad
 * at its work may pass. `make` is called once. Throws at the first promise that is not kept.
 */
export async function testEmbedder(make: () => Promise<EmbedderPlace>): Promise<void> {
  const place = await make()
  await hasNames(place)
  await keepsTheOrder(place)
  await takesAnyText(place)
  await takesManyTexts(place)
  await leavesTheTextsAlone(place)
  await standsConcurrency(place)
  await heedsAborts(place)
  await isTheSameModelAgain(place)
}

const sentences = [
  'Ana prefers a window seat.',
  'The invoice of March is still open.',
  'Call the harbour master before nine.',
  'Il pleut sur la ville.',
  'Die Werkstatt liegt hinter dem Bahnhof.',
]

/** No text of a model's batch, its padding or its hardware may tell in a vector beyond this; rounding may. */
const sameAt = 0.9999

function cosine(a: Float32Array, b: Float32Array): number {
  assert.equal(a.length, b.length, 'vectors of one length')
  return a.reduce((sum, value, at) => sum + value * b[at]!, 0)
}

function assertSame(a: readonly Float32Array[], b: readonly Float32Array[], what: string): void {
  assert.equal(a.length, b.length, what)
  for (const [at, vector] of a.entries()) assert.ok(cosine(vector, b[at]!) > sameAt, what)
}

async function hasNames({ embedder, again }: EmbedderPlace): Promise<void> {
  for (const name of ['provider', 'modelId'] as const) {
    assert.match(
      embedder[name],
      /^[^\p{Cc}]{1,200}$/u,
      `${name} is 1 to 200 characters, none of them a control character`,
    )
    assert.equal(again[name], embedder[name], `${name} belongs to the model`)
  }
}

async function keepsTheOrder({ embedder, dimensions }: EmbedderPlace): Promise<void> {
  const alone: Float32Array[] = []
  for (const sentence of sentences) alone.push(...(await embedAll(embedder, [sentence])))
  for (const [at, vector] of alone.entries()) {
    assert.equal(vector.length, dimensions, 'every vector has the dimension')
    for (const other of alone.slice(0, at))
      assert.ok(cosine(vector, other) < sameAt, 'different texts, different vectors')
  }
  assertSame(await embedAll(embedder, sentences), alone, 'one vector per text, in order, whatever stands beside it')
  const backwards = await embedAll(embedder, sentences.toReversed())
  assertSame(backwards.toReversed(), alone, 'the order of the texts is the order of the vectors')
}

async function takesAnyText({ embedder, dimensions }: EmbedderPlace): Promise<void> {
  const texts = [
    'a',
    '.',
    ' ',
    '\n\n',
    '記憶は壁の中に',
    'זיכרון מאחורי חומה',
    'мама мыла раму',
    '👩‍👩‍👧‍👦',
    'e\u0301 \u200b\ufeff \u{1f3f4}\u{e0067}',
    '\u0001\u007f',
    'x'.repeat(2_000),
    'a longer memory of many words '.repeat(1_000),
    '長い記憶'.repeat(2_500),
  ]
  const vectors = await embedAll(embedder, texts)
  assert.equal(vectors.length, texts.length, 'one vector for any text')
  for (const vector of vectors) assert.equal(vector.length, dimensions, 'any text has a vector of the dimension')
}

async function takesManyTexts({ embedder }: EmbedderPlace): Promise<void> {
  const perCall = (await embedder.maxEmbeddingsPerCall) ?? Number.POSITIVE_INFINITY
  assert.ok(perCall >= 1, 'maxEmbeddingsPerCall is at least 1')
  const count = 2 * Math.min(perCall, 64) + 3
  const texts = Array.from({ length: count }, (_, at) => sentences[at % sentences.length]!)
  const known = await embedAll(embedder, sentences)
  const wanted = texts.map((_, at) => known[at % sentences.length]!)
  assertSame(await embedAll(embedder, texts), wanted, 'more texts than one call takes')
}

async function leavesTheTextsAlone({ embedder }: EmbedderPlace): Promise<void> {
  const given = [...sentences]
  const wanted = await embedAll(embedder, sentences)
  const call = embedder.doEmbed({ values: given })
  assert.deepEqual(given, sentences, 'the list is the caller’s own')
  given.fill('something else')
  const { embeddings } = await call
  assert.deepEqual(
    given,
    sentences.map(() => 'something else'),
    'the list is the caller’s own to the end',
  )
  const vectors = embeddings.map((embedding) => {
    const length = Math.hypot(...embedding)
    return Float32Array.from(embedding, (value) => value / length)
  })
  assertSame(vectors, wanted, 'a list changed during the call does not change the call')
}

async function standsConcurrency({ embedder, again }: EmbedderPlace): Promise<void> {
  const known = await embedAll(embedder, sentences)
  const calls = Array.from({ length: 20 }, (_, n) => {
    const texts = sentences.slice(n % sentences.length)
    return embedAll(n % 2 === 0 ? embedder : again, texts)
  })
  for (const [n, vectors] of (await Promise.all(calls)).entries()) {
    assertSame(vectors, known.slice(n % sentences.length), 'concurrent calls do not meet')
  }
}

async function heedsAborts({ embedder }: EmbedderPlace): Promise<void> {
  const outcomeOf = (abortSignal: AbortSignal): Promise<string> =>
    Promise.resolve(embedder.doEmbed({ values: [...sentences], abortSignal })).then(
      () => 'success',
      () => 'refusal',
    )
  assert.equal(await outcomeOf(AbortSignal.abort()), 'refusal', 'an aborted call does nothing')
  const beside = embedAll(embedder, sentences)
  const aborts = Array.from({ length: 5 }, () => {
    const control = new AbortController()
    const outcome = outcomeOf(control.signal)
    control.abort()
    return outcome
  })
  assert.deepEqual(new Set(await Promise.all(aborts)), new Set(['refusal']), 'a call aborted under way ends so')
  assertSame(await beside, await embedAll(embedder, sentences), 'calls beside aborted ones, and after them, are whole')
}

async function isTheSameModelAgain({ embedder, again }: EmbedderPlace): Promise<void> {
  assertSame(await embedAll(again, sentences), await embedAll(embedder, sentences), 'the same model, the same vectors')
}
