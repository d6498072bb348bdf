import { MemkeepError } from 'memkeep'

const textParts: readonly unknown[] = ['text', 'input_text', 'output_text']

/**
 * The text of a message's content in the OpenAI shape: a string as it is, the text parts of an array on lines of their own,
 * null where there is none. `cut` is true when parts of other kinds were left out. Throws `ERR_INPUT_INVALID` for another shape.
 */
export function textOf(content: unknown): { readonly text: string | null; readonly cut: boolean } {
  if (content === undefined || content === null) return { text: null, cut: false }
  if (typeof content === 'string') return { text: content, cut: false }
  if (!Array.isArray(content))
    throw new MemkeepError('ERR_INPUT_INVALID', 'content must be a string, an array of parts, or null')
  const parts = content.map(partOf)
  const texts = parts.filter((text) => text !== null)
  return { text: texts.length === 0 ? null : texts.join('\n'), cut: texts.length < parts.length }
}

function partOf(part: unknown): string | null {
  if (typeof part !== 'object' || part === null || !('type' in part) || typeof part.type !== 'string') {
    throw new MemkeepError('ERR_INPUT_INVALID', 'a part of content must be an object with a type')
  }
  if (!textParts.includes(part.type)) return null
  const { text } = part as { text?: unknown }
  if (typeof text !== 'string') throw new MemkeepError('ERR_INPUT_INVALID', 'a part of text must have a text')
  return text
}
