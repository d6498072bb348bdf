import { connect, type Socket } from 'node:net'

export interface Said {
  readonly status: number
  readonly body: string
}

interface Call {
  readonly resolve: (said: Said) => void
  readonly reject: (error: Error) => void
}

/**
 * One client of the server: a connection that stays open, a key, one request at a time. As little of a client as will do, since it
 * shares the cores with what is measured: it takes answers with a length, as ours are, and throws for others.
 */
export class Client {
  readonly #url: URL
  readonly #key: string
  #socket: Socket | null = null
  #call: Call | null = null
  #heard: Buffer = Buffer.alloc(0)

  constructor(url: URL, key: string) {
    this.#url = url
    this.#key = key
  }

  send(method: string, path: string, body?: object): Promise<Said> {
    const text = body === undefined ? '' : JSON.stringify(body)
    const type =
      body === undefined ? '' : `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n`
    const head = `${method} ${path} HTTP/1.1\r\nHost: ${this.#url.host}\r\nAuthorization: Bearer ${this.#key}\r\n${type}\r\n`
    return new Promise((resolve, reject) => {
      this.#call = { resolve, reject }
      this.#connected().write(head + text)
    })
  }

  close(): void {
    this.#socket?.destroy()
  }

  #connected(): Socket {
    if (this.#socket !== null && !this.#socket.destroyed) return this.#socket
    const socket = connect({ host: this.#url.hostname, port: Number(this.#url.port), noDelay: true })
    socket.on('data', (data) => this.#hear(data))
    socket.on('error', (error) => this.#call?.reject(error))
    socket.on('close', () => this.#call?.reject(new Error('the server ended the connection')))
    this.#heard = Buffer.alloc(0)
    this.#socket = socket
    return socket
  }

  #hear(data: Buffer): void {
    this.#heard = this.#heard.length === 0 ? data : Buffer.concat([this.#heard, data])
    const end = this.#heard.indexOf('\r\n\r\n')
    if (end === -1) return
    const head = this.#heard.toString('latin1', 0, end)
    const status = Number(head.slice(9, 12))
    const length = /^content-length: (\d+)\r?$/im.exec(head)?.[1] ?? (status === 204 ? '0' : null)
    if (length === null) {
      this.#socket!.destroy(new Error('an answer without a length'))
      return
    }
    const whole = end + 4 + Number(length)
    if (this.#heard.length < whole) return
    const body = this.#heard.toString('utf8', end + 4, whole)
    this.#heard = this.#heard.subarray(whole)
    const call = this.#call!
    this.#call = null
    call.resolve({ status, body })
  }
}
