import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type pg from 'pg'

/** Where a line tears: before the request reaches the server, or after its answer left the server. */
export type Tear = 'request' | 'answer'

const readyForQuery = Buffer.from([0x5a, 0, 0, 0, 5, 0x49])

/** A line to the server that a test can tear at a named doorway: the client sees a lost connection and no answer. */
export class TornLine {
  /** Settings that go through this line. */
  readonly settings: pg.ClientConfig
  readonly #target: pg.ClientConfig
  readonly #dir = mkdtempSync(join(tmpdir(), 'mkl-'))
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #armed: { readonly doorway: string; readonly tear: Tear }[] = []
  /** How often the line tore. */
  torn = 0

  private constructor(target: pg.ClientConfig) {
    this.#target = target
    this.settings = { ...target, host: this.#dir }
    this.#server = createServer((client) => this.#carry(client))
  }

  static async to(target: pg.ClientConfig): Promise<TornLine> {
    const line = new TornLine(target)
    await new Promise<void>((resolve) => line.#server.listen(join(line.#dir, `.s.PGSQL.${target.port}`), resolve))
    return line
  }

  /** Tears once, at the next call of that doorway. Armed twice, it tears at the next two. */
  arm(doorway: string, tear: Tear): void {
    this.#armed.push({ doorway, tear })
  }

  /** Forgets what has not torn yet. */
  disarm(): void {
    this.#armed.length = 0
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
    rmSync(this.#dir, { recursive: true, force: true })
  }

  #carry(client: Socket): void {
    const { host, port } = this.#target
    const server = host?.startsWith('/') ? connect(join(host, `.s.PGSQL.${port}`)) : connect(port!, host)
    let withheld: Buffer | null = null
    const drop = () => {
      client.destroy()
      server.destroy()
    }
    for (const socket of [client, server]) {
      this.#sockets.add(socket)
      socket.on('error', drop)
      socket.on('close', () => {
        this.#sockets.delete(socket)
        drop()
      })
    }
    client.on('data', (bytes) => {
      // By the statement's text, or by the name of a prepared one (in Bind, after the empty name of the portal).
      const calls = (doorway: string) => bytes.includes(`memkeep.${doorway}(`) || bytes.includes(`\0${doorway}/`)
      const at = this.#armed.findIndex(({ doorway }) => calls(doorway))
      if (at >= 0) {
        const [{ tear } = { tear: 'answer' }] = this.#armed.splice(at, 1)
        this.torn++
        if (tear === 'request') return drop()
        withheld = Buffer.alloc(0)
      }
      server.write(bytes)
    })
    server.on('data', (bytes) => {
      if (withheld === null) return client.write(bytes)
      withheld = Buffer.concat([withheld, bytes])
      if (withheld.subarray(-readyForQuery.length).equals(readyForQuery)) drop()
      return true
    })
  }
}
