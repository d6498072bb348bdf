import { type AddInput, MemkeepError, type MessageInput } from 'memkeep'
import { isConversation } from './entries.ts'
import { momentOf } from './moment.ts'
import { textOf } from './text-of.ts'

/** What one entry asks to be stored as. `subject` and `session` are null where it does not say. */
export type Read =
  | { readonly as: 'memory'; readonly subject: string | null; readonly input: AddInput }
  | { readonly as: 'turn'; readonly message: MessageInput; readonly cut: boolean }
  | { readonly as: 'nothing'; readonly why: string }

const memoryFields = ['content', 'actor', 'subject', 'sensitivity', 'tags', 'metadata', 'at', 'session']
const turnFields = ['role', 'content', 'name', 'at']
/** Parts of the OpenAI message shape that are no text: known, and not kept. */
const otherTurnFields = ['tool_calls', 'tool_call_id', 'function_call', 'refusal', 'annotations', 'audio', 'weight']
/** Of those, the ones that stand in the place of text. */
const insteadOfText = ['tool_calls', 'function_call', 'refusal', 'audio']

/**
 * Reads one entry: a memory of ours (it has an `actor`) or a message in the OpenAI shape (it has a `role`). Throws
 * `ERR_INPUT_INVALID`; what the kernel checks is left to the kernel.
 */
export function readEntry(value: unknown): Read {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('is not an object')
  if (isConversation(value)) throw invalid('holds a whole conversation: put each in a file of its own')
  const [memory, turn] = [Object.hasOwn(value, 'actor'), Object.hasOwn(value, 'role')]
  if (memory === turn) throw invalid('needs an actor (a memory) or a role (a message), and not both')
  return memory ? readMemory(value) : readTurn(value)
}

function readMemory(value: object): Read {
  refuseOthers(value, memoryFields)
  const { subject, at, ...input } = value as Record<string, unknown>
  if (subject !== undefined && typeof subject !== 'string') throw invalid('subject must be a string')
  const when = at === undefined ? {} : { at: momentOf(at) }
  return { as: 'memory', subject: subject ?? null, input: { ...input, ...when } as unknown as AddInput }
}

function readTurn(value: object): Read {
  refuseOthers(value, [...turnFields, ...otherTurnFields])
  const given = value as Record<string, unknown>
  const present = (field: string): boolean => given[field] !== undefined && given[field] !== null
  const { text, cut } = textOf(given.content)
  if (text === null || text.trim() === '') {
    if (cut || insteadOfText.some(present))
      return { as: 'nothing', why: 'holds no text, only calls or parts of other kinds' }
    throw invalid('content is empty')
  }
  const role = roleNames[String(given.role)] ?? given.role
  const extras = {
    ...(present('name') ? { name: given.name } : {}),
    ...(present('at') ? { at: momentOf(given.at) } : {}),
  }
  const lost = cut || insteadOfText.some((field) => present(field) && !isEmptyList(given[field]))
  return { as: 'turn', message: { role, content: text, ...extras } as MessageInput, cut: lost }
}

/** Names that OpenAI has given to the same roles. */
const roleNames: Readonly<Record<string, string>> = Object.freeze({ developer: 'system', function: 'tool' })

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0
}

/** A misspelt field must not be silently left out. */
function refuseOthers(value: object, fields: readonly string[]): void {
  if (Object.keys(value).every((key) => fields.includes(key))) return
  throw invalid(`has a field that is not one of: ${fields.join(', ')}`)
}

function invalid(why: string): MemkeepError {
  return new MemkeepError('ERR_INPUT_INVALID', why)
}
