import { parentPort } from 'node:worker_threads'

/** What a model's thread says: that its model is loaded; then, for each call of a turn, its vectors one after another, or null where the model threw. */
export type ThreadWord = 'loaded' | readonly (Float32Array | null)[]

export interface LoadedModel {
  /** One vector per text. */
  readonly embed: (texts: string[]) => Promise<number[][]>
  /** Of a text the first so many UTF-16 units are embedded. */
  readonly textChars: number
  /** Texts of one pass are padded to the longest: bounds its area, and so its time and memory. */
  readonly passChars: number
}

/** Answers the turns that a `ModelThread` sends, for as long as the thread lives. */
export function answerTurns(model: LoadedModel): void {
  const port = parentPort!
  const say = (word: ThreadWord): void => port.postMessage(word)
  port.on('message', (calls: string[][]) => void answer(model, calls).then(say))
  say('loaded')
}

async function answer(model: LoadedModel, calls: readonly string[][]): Promise<(Float32Array | null)[]> {
  const together = await embedOrNull(model, calls.flat())
  if (together === null) return Promise.all(calls.map((texts) => embedOrNull(model, texts)))
  const dims = together.length / calls.flat().length
  let at = 0
  return calls.map(({ length }) => {
    at += length * dims
    return together.slice(at - length * dims, at)
  })
}

async function embedOrNull(model: LoadedModel, texts: readonly string[]): Promise<Float32Array | null> {
  try {
    return await embed(model, texts)
  } catch {
    return null
  }
}

/** The texts' vectors one after another. Texts of like length go through the model together. */
async function embed(model: LoadedModel, texts: readonly string[]): Promise<Float32Array> {
  // A model cannot take a text without a token; of a space it makes one.
  const inputs = texts.map((text, place) => ({ text: text.slice(0, model.textChars).toWellFormed() || ' ', place }))
  inputs.sort((a, b) => a.text.length - b.text.length)
  const vectors = new Array<number[]>(texts.length)
  for (let from = 0; from < inputs.length; ) {
    let to = from + 1
    while (to < inputs.length && (to + 1 - from) * inputs[to]!.text.length <= model.passChars) to++
    const pass = inputs.slice(from, to)
    const embeddings = await model.embed(pass.map(({ text }) => text))
    if (embeddings.length !== pass.length) throw new Error('the model did not answer with one vector per text')
    for (const [at, { place }] of pass.entries()) vectors[place] = embeddings[at]!
    from = to
  }
  // They are told apart by their place alone.
  if (vectors.some((vector) => vector.length !== vectors[0]!.length)) throw new Error('vectors of several lengths')
  return Float32Array.from(vectors.flat())
}
