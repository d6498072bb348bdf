import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { vectorFor } from './word-vectors.ts'

export interface SeenRequest {
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: { model: string; input: string[]; dimensions?: number }
}

/** What happens to one request in place of a right answer. */
export type Fault = (response: ServerResponse, request: SeenRequest, incoming: IncomingMessage) => void

/**
 * A server of `POST /v1/embeddings`, written from OpenAI's API reference: `{ model, input, dimensions? }` in,
 * `{ object, data: [{ object, index, embedding }], model, usage }` out, errors as `{ error: { message, type, param, code } }`.
 * As TEI does by default, it takes at most 32 texts a request.
 */
export class StandInServer implements AsyncDisposable {
  baseUrl = ''
  readonly seen: SeenRequest[] = []
  readonly #faults: Fault[] = []
  readonly #server = createServer((request, response) => void this.#answer(request, response))
  underWay = 0
  mostUnderWay = 0

  static async start(): Promise<StandInServer> {
    const standIn = new StandInServer()
    await new Promise<void>((resolve) => standIn.#server.listen(0, '127.0.0.1', resolve))
    standIn.baseUrl = `http://127.0.0.1:${(standIn.#server.address() as AddressInfo).port}/v1`
    return standIn
  }

  /** The next requests meet these, one each; those after them are answered right. */
  next(...faults: Fault[]): void {
    this.#faults.push(...faults)
  }

  async #answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    this.mostUnderWay = Math.max(this.mostUnderWay, ++this.underWay)
    response.on('close', () => this.underWay--)
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
    const request = {
      path: incoming.url!,
      headers: incoming.headers,
      body: JSON.parse(Buffer.concat(chunks).toString()),
    }
    this.seen.push(request)
    const fault = this.#faults.shift()
    if (fault) return fault(response, request, incoming)
    if (request.body.input.length > 32) return refuse(413, 'batch size > maximum allowed batch size')(response)
    json(response, 200, answerTo(request))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

/** The right answer. */
export function answerTo({ body }: SeenRequest) {
  const data = body.input.map((text, index) => ({
    object: 'embedding',
    index,
    embedding: vectorFor(text, body.dimensions) as unknown[],
  }))
  return { object: 'list', data, model: body.model, usage: { prompt_tokens: 8, total_tokens: 8 } }
}

type Answer = ReturnType<typeof answerTo>

export function json(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}

/** A right answer with something done to it. */
export function spoilt(spoil: (answer: Answer) => void): Fault {
  return (response, request) => {
    const answer = answerTo(request)
    spoil(answer)
    json(response, 200, answer)
  }
}

export function refuse(
  status: number,
  message = 'no',
  headers: Record<string, string> = {},
  code: string | null = null,
) {
  return (response: ServerResponse): void =>
    json(response, status, { error: { message, type: 'error', param: null, code } }, headers)
}

/** Status 200 with this text as its whole body. */
export function verbatim(text: (request: SeenRequest) => string): Fault {
  return (response, request) => void response.writeHead(200, { 'content-type': 'application/json' }).end(text(request))
}
