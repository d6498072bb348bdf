import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type pg from 'pg'

/** A stretch of wire before a real server, that a test can move to another server or cut. */
export interface Wire {
  /** Where a client connects instead. */
  readonly host: string
  readonly port: number
  /** Connections made from now on lead there. */
  leadTo(server: pg.ClientConfig): void
  /** From now on, a connection is cut when the client sends bytes that hold this text; null: never. */
  cutAt(text: string | null): void
  /** Clients that connect from now on are told a made-up process id, as a transaction pooler tells them. */
  disguise(): void
  /** Counts the client's messages that hold this text, from now on. */
  countOf(text: string): () => number
  close(): Promise<void>
}

/** The head of the message that tells a client its server's process id. */
const backendKeyData = Buffer.from([0x4b, 0, 0, 0, 12])

export async function openWire(server: pg.ClientConfig): Promise<Wire> {
  let target = server
  let cut: string | null = null
  let disguised = false
  const sockets = new Set<Socket>()
  const counts = new Map<string, number>()
  const listener = createServer((client) => {
    const { host = '', port = 5432 } = target
    const upstream = host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host)
    const end = (): void => {
      client.destroy()
      upstream.destroy()
    }
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', end).on('close', end)
    }
    client.on('data', (bytes) => {
      for (const [text, count] of counts) if (bytes.includes(text)) counts.set(text, count + 1)
    })
    client.on('data', (bytes) => (cut !== null && bytes.includes(cut) ? end() : upstream.write(bytes)))
    let made = !disguised
    upstream.on('data', (bytes) => {
      const at = bytes.indexOf(backendKeyData)
      if (!made && at >= 0) {
        made = true
        bytes.writeInt32BE(2 ** 30, at + backendKeyData.length)
      }
      client.write(bytes)
    })
  })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  return {
    host: '127.0.0.1',
    port: (listener.address() as AddressInfo).port,
    leadTo: (next) => {
      target = next
    },
    cutAt: (text) => {
      cut = text
    },
    countOf: (text) => {
      counts.set(text, 0)
      return () => counts.get(text)!
    },
    disguise: () => {
      disguised = true
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => listener.close(resolve))
    },
  }
}
