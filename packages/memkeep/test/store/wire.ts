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
  close(): Promise<void>
}

export async function openWire(server: pg.ClientConfig): Promise<Wire> {
  let target = server
  let cut: string | null = null
  const sockets = new Set<Socket>()
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
    client.on('data', (bytes) => (cut !== null && bytes.includes(cut) ? end() : upstream.write(bytes)))
    upstream.on('data', (bytes) => client.write(bytes))
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
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => listener.close(resolve))
    },
  }
}
