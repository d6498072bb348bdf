import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Received {
  readonly method: string
  /** As it was sent: a URL takes `..` for a step up. */
  readonly path: string
  readonly url: URL
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export interface Answer {
  readonly status: number
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** An HTTP server on loopback, for stand-ins. */
export class LoopbackServer implements AsyncDisposable {
  readonly address: string
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
    this.address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  static async start(answer: (request: Received) => Answer | Promise<Answer>): Promise<LoopbackServer> {
    const server = createServer(async (incoming, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of incoming) chunks.push(chunk as Buffer)
      const { method = '', headers } = incoming
      const url = new URL(incoming.url!, 'http://stand-in')
      const [path = ''] = incoming.url!.split('?')
      const {
        status,
        body,
        headers: own,
      } = await answer({ method, path, url, headers, body: Buffer.concat(chunks).toString() })
      response.writeHead(status, own).end(body)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new LoopbackServer(server)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

export function json(status: number, value: unknown): Answer {
  return { status, body: JSON.stringify(value), headers: { 'content-type': 'application/json' } }
}

/** An address at which nobody listens. */
export async function deadAddress(): Promise<string> {
  const server = await LoopbackServer.start(() => ({ status: 500 }))
  await server[Symbol.asyncDispose]()
  return server.address
}
