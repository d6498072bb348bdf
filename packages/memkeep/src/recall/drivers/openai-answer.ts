import { Failure } from '../../core/failure.ts'

export interface OpenAiAnswer {
  readonly embeddings: number[][]
  /** Under which name the server says it worked; null when it does not say. */
  readonly model: string | null
}

/**
 * Reads `{ data: [{ index, embedding }], model }`, in any order of `index`. Throws a `Failure`: one that may pass for an answer that
 * was cut off on its way, a lasting one for anything else. Whether the vectors are sound is the port's to check.
 */
export function embeddingsOf(text: string, count: number): OpenAiAnswer {
  const { data, model } = (parse(text) ?? {}) as { data?: unknown; model?: unknown }
  if (!Array.isArray(data) || data.length !== count) {
    throw new Failure('the embedding endpoint did not answer with one vector per text', false)
  }
  const embeddings = new Array<number[]>(count)
  for (const [position, each] of data.entries()) {
    const { index = position, embedding } = (each ?? {}) as { index?: number; embedding?: number[] }
    if (!Number.isInteger(index) || index < 0 || index >= count || embeddings[index] !== undefined) {
      throw new Failure('the embedding endpoint answered with vectors in no certain order', false)
    }
    if (!Array.isArray(embedding))
      throw new Failure('the embedding endpoint answered with something else than vectors', false)
    embeddings[index] = embedding
  }
  return { embeddings, model: typeof model === 'string' ? model : null }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // What ends as an answer ends is wrong in itself, such as one with a bare NaN; it would be the same next time.
    const whole = text.trimEnd().endsWith('}')
    throw new Failure(`the embedding endpoint's answer ${whole ? 'is not JSON' : 'was cut off or is not JSON'}`, !whole)
  }
}
