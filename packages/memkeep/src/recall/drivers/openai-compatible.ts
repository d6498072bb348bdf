import { checkWholeNumbers } from '../../core/check-whole-numbers.ts'
import { MemkeepError } from '../../core/errors.ts'
import { Failure, isPassing, networkCodeOf, retryAfterMs } from '../../core/failure.ts'
import type { Embedder } from '../embedder.ts'
import { embeddingsOf } from './openai-answer.ts'
import { type RemoteOptions, remoteEmbedder } from './remote-embedder.ts'

export interface OpenAiCompatibleInput extends RemoteOptions {
  /** What stands before `/embeddings`: `https://api.openai.com/v1`, `http://127.0.0.1:11434/v1` for Ollama. */
  readonly baseUrl: string
  readonly model: string
  /** Sent as a bearer token; a function is asked before each try, so that keys may rotate. */
  readonly apiKey?: string | (() => string | Promise<string>)
  /** Sent with each request, such as `api-key` where that is the key's header. */
  readonly headers?: Readonly<Record<string, string>>
  /** First part of the model's name on every entry. Default `openai-compatible`. */
  readonly provider?: string
  /** Most texts in one request. Default 32, which every one of these servers takes. */
  readonly maxEmbeddingsPerCall?: number
  /** In place of the global `fetch`: for a proxy, or a certificate authority of your own. */
  readonly fetch?: typeof fetch
}

/**
 * A server that answers `POST …/embeddings` as OpenAI does: OpenAI, Azure, Ollama, TEI, vLLM, LiteLLM and others.
 * Redirects are refused, since they would carry texts elsewhere. Once a server has answered under the name of a model,
 * an answer under another name is refused. Errors say status and network code; never the key, a header, or what the
 * server wrote. Throws `ERR_INPUT_INVALID` for an address, name, key or header that cannot be sent.
 */
export function openAiCompatible(input: OpenAiCompatibleInput): Embedder {
  const { baseUrl, model, apiKey, headers, provider = 'openai-compatible', maxEmbeddingsPerCall = 32, ...rest } = input
  const { fetch: send = fetch, ...remote } = rest
  if (typeof model !== 'string' || model === '') throw new MemkeepError('ERR_INPUT_INVALID', 'model must be a name')
  checkWholeNumbers({ maxEmbeddingsPerCall }, 1)
  const url = endpointOf(baseUrl)
  headersWith(headers, typeof apiKey === 'string' ? apiKey : undefined)
  let answersAs: string | null = null

  const request = async (body: string, signal: AbortSignal): Promise<Response> => {
    const key = typeof apiKey === 'function' ? await askFor(apiKey) : apiKey
    const sent = headersWith(headers, key)
    return send(url, { method: 'POST', headers: sent, body, signal, redirect: 'manual' }).catch(unreachable)
  }

  return remoteEmbedder(
    {
      provider,
      modelId: model,
      maxEmbeddingsPerCall,
      supportsParallelCalls: true,
      async embed(values, signal, dimensions) {
        const body = JSON.stringify({ model, input: values, ...(dimensions === undefined ? {} : { dimensions }) })
        const response = await request(body, signal)
        const text = await response.text().catch(unreachable)
        if (!response.ok) throw refusalOf(response, text)
        const answer = embeddingsOf(text, values.length)
        if (answersAs !== null && answer.model !== null && answer.model !== answersAs) {
          throw new Failure('the embedding endpoint now answers with another model than before', false)
        }
        answersAs ??= answer.model
        return answer.embeddings
      },
      failureOf: () => new Failure('the request for embeddings could not be made', false),
    },
    remote,
  )
}

function endpointOf(baseUrl: string): URL {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : null
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    throw new MemkeepError('ERR_INPUT_INVALID', 'baseUrl must be an http or https address without a password')
  }
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/embeddings`
  return url
}

/** Checked here, because the error of `Headers` repeats the value that it refuses: the key. */
function headersWith(given: Readonly<Record<string, string>> | undefined, apiKey: string | undefined): Headers {
  try {
    const headers = new Headers(given)
    headers.set('content-type', 'application/json')
    if (apiKey !== undefined) headers.set('authorization', `Bearer ${apiKey}`)
    return headers
  } catch {
    throw new MemkeepError('ERR_INPUT_INVALID', 'apiKey or headers hold something that no HTTP header can carry')
  }
}

async function askFor(apiKey: () => string | Promise<string>): Promise<string> {
  try {
    return await apiKey()
  } catch {
    throw new Failure('the API key could not be had', true)
  }
}

function unreachable(error: unknown): never {
  const code = networkCodeOf(error)
  const lasting = /CERT|SIGNATURE|^ERR_TLS/.test(code ?? '')
  throw new Failure(`the embedding endpoint could not be reached${code ? ` (${code})` : ''}`, !lasting)
}

function refusalOf(response: Response, text: string): Failure {
  const { status } = response
  if (status >= 300 && status < 400) {
    return new Failure(`the embedding endpoint redirects (status ${status}): baseUrl must be its real address`, false)
  }
  // OpenAI says this with 429, as of a rate limit, but waiting does not help.
  const exhausted = /"insufficient_quota"/.test(text)
  return new Failure(
    `the embedding endpoint answered with status ${status}${exhausted ? ' (insufficient_quota)' : ''}`,
    isPassing(status) && !exhausted,
    retryAfterMs((name) => response.headers.get(name), Date.now()),
  )
}
