import { aiSdkFailure } from '../../core/ai-sdk-failure.ts'
import { type AttemptOptions, type AttemptSeams, attempt, defaultSeams } from '../../core/attempts.ts'
import { MemkeepError } from '../../core/errors.ts'
import { Failure } from '../../core/failure.ts'
import { quoted } from '../../core/quoted.ts'

/** The AI SDK's `LanguageModelV4`, as far as it is called here; older models of its shape (V3, V2) fit too. */
export interface AiSdkLanguageModel {
  readonly provider: string
  readonly modelId: string
  doGenerate(options: {
    prompt: ({ role: 'system'; content: string } | { role: 'user'; content: { type: 'text'; text: string }[] })[]
    // biome-ignore lint/suspicious/noExplicitAny: the JSON types of the AI SDK are its own
    responseFormat?: { type: 'json'; schema?: any; name?: string; description?: string }
    maxOutputTokens?: number
    temperature?: number
    abortSignal?: AbortSignal
    // biome-ignore lint/suspicious/noExplicitAny: as above
    providerOptions?: any
  }): PromiseLike<{
    content: readonly { readonly type: string; readonly text?: unknown }[]
    /** An object since V4, a string before. */
    finishReason: unknown
  }>
}

export interface LanguageModelOptions extends AttemptOptions {
  /** Handed to the model with each call. */
  readonly providerOptions?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  /** For tests. */
  readonly seams?: Partial<AttemptSeams>
}

/** What the model is asked: about a text, never by it. */
export interface Question {
  /** Who asks, in errors: `the judge`. */
  readonly who: string
  /** All that the model is told to do. The text is not in it. */
  readonly task: string
  readonly name: string
  readonly schema: object
  readonly maxOutputTokens: number
}

/**
 * Asks a language model about a text and gives back the JSON it answered. The text goes as one quoted JSON string in a message of
 * its own; no tool is offered. Throws `ERR_MODEL` when the model fails, stops early or answers no JSON: with the name and status of
 * its error and nothing else of it. Throws `ERR_ABORTED` when `signal` is aborted.
 */
export async function askModel(
  model: AiSdkLanguageModel,
  { who, task, name, schema, maxOutputTokens }: Question,
  content: string,
  { providerOptions, seams, ...tries }: LanguageModelOptions,
  signal?: AbortSignal,
): Promise<unknown> {
  const once = async (abortSignal: AbortSignal): Promise<unknown> => {
    const { content: parts, finishReason } = await model.doGenerate({
      prompt: [
        { role: 'system', content: task },
        { role: 'user', content: [{ type: 'text', text: `The text, quoted as data:\n${quoted(content)}` }] },
      ],
      responseFormat: { type: 'json', schema, name },
      maxOutputTokens,
      temperature: 0,
      abortSignal,
      ...(providerOptions === undefined ? {} : { providerOptions }),
    })
    return answerIn(who, parts, finishReason)
  }
  const failureOf = (cause: unknown): Failure => (cause instanceof Failure ? cause : aiSdkFailure(who, cause))
  try {
    return await attempt(once, { code: 'ERR_MODEL', who, failureOf }, tries, { ...defaultSeams, ...seams }, signal)
  } catch (error) {
    if (!signal?.aborted) throw error
    throw new MemkeepError('ERR_ABORTED', `asking ${who} was aborted`, { cause: signal.reason })
  }
}

function answerIn(
  who: string,
  parts: readonly { readonly type: string; readonly text?: unknown }[],
  reason: unknown,
): unknown {
  const ended = typeof reason === 'string' ? reason : (reason as { unified?: unknown } | null)?.unified
  if (ended !== 'stop') throw new Failure(`${who} did not finish its answer`, false)
  const text = parts.map((part) => (part.type === 'text' && typeof part.text === 'string' ? part.text : '')).join('')
  try {
    return JSON.parse(withoutFence(text))
  } catch {
    throw new Failure(`${who} answered no JSON`, false)
  }
}

/** Some models put a fence around what was asked for without one. */
function withoutFence(text: string): string {
  const trimmed = text.trim()
  if (!trimmed.startsWith('```') || !trimmed.endsWith('```')) return trimmed
  return trimmed.slice(trimmed.indexOf('\n') + 1, -3)
}

/** Throws `ERR_INPUT_INVALID` for what is no language model. */
export function checkModel(model: AiSdkLanguageModel, what: string): void {
  if (typeof model?.doGenerate !== 'function' || typeof model.modelId !== 'string') {
    throw new MemkeepError('ERR_INPUT_INVALID', `${what} takes a language model, such as openai(name) gives`)
  }
}
