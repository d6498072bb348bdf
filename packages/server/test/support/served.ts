import { mkdtempSync, rmSync } from 'node:fs'
import { type IncomingHttpHeaders, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Keep, openMemkeep, type Right, type Tools } from 'memkeep'
import { directoryErasureLedger } from 'memkeep/erasure/directory'
import { directoryKeyStore, localKeys } from 'memkeep/keys/local'
import { type Grant, mintGrant } from 'memkeep/trust'
import { freshDatabase, type TestDatabase } from '../../../../test/database.ts'
import type { CredentialOptions } from '../../src/authn/credentials.ts'
import type { Listening } from '../../src/http/listen.ts'
import type { RequestLine, RequestLog } from '../../src/http/request-log.ts'
import { openDoor } from '../../src/serve.ts'
import type { ServerConfig } from '../../src/server-config.ts'
import { holdsContract } from './contract.ts'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** The body as JSON; undefined when it is empty. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly body: any
}

export interface Asking {
  readonly key?: string
  /** Sent as JSON when it is not a string or bytes. */
  readonly body?: unknown
  readonly headers?: Record<string, string | string[]>
}

/** One request over a real socket, with the target sent as it is written. */
export function ask(url: string, method: string, path: string, { key, body, headers }: Asking = {}): Promise<Answer> {
  const raw = body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body)
  const sent = {
    ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
    ...(raw === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(raw) }),
    ...headers,
  }
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url)
    const call = request({ hostname, port, method, path, headers: sent, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8')
        const json = /[/+]json/.test(response.headers['content-type'] ?? '') && text !== ''
        const parsed = json ? JSON.parse(text) : undefined
        resolve({ status: response.statusCode!, headers: response.headers, text, body: parsed })
      })
    })
    call.on('error', reject)
    call.end(raw)
  })
}

export interface ServedOptions extends CredentialOptions {
  /** Without bounds on requests, unless it says some. */
  readonly config?: ServerConfig
  readonly holdKeysMs?: number
  readonly supportNeedsSecond?: boolean
  readonly tools?: Tools
  readonly unreadMs?: number
  /** Hears what whoever starts a server should know. */
  readonly tell?: (line: string) => void
  /** With an erasure ledger in a directory of its own. */
  readonly erasureLedger?: boolean
}

/** A server in this process on a database of its own, with the tenants `acme` and `globex`. */
export class Served implements AsyncDisposable {
  readonly database: TestDatabase
  readonly keep: Keep
  readonly lines: RequestLine[]
  readonly #door: Listening
  readonly #dir: string
  readonly #opened: (() => Promise<unknown>)[]

  private constructor(
    database: TestDatabase,
    keep: Keep,
    door: Listening,
    lines: RequestLine[],
    dir: string,
    opened: (() => Promise<unknown>)[],
  ) {
    this.database = database
    this.keep = keep
    this.#door = door
    this.lines = lines
    this.#dir = dir
    this.#opened = opened
  }

  static async start(options: ServedOptions = {}): Promise<Served> {
    const [database, dir] = [await freshDatabase(), mkdtempSync(join(tmpdir(), 'mk-served-'))]
    const keep = await openMemkeep({
      database: { ...database.app, max: 5 },
      upkeep: { ...database.upkeep, max: 1 },
      keys: localKeys({ file: join(dir, 'root.key') }),
      keyStore: directoryKeyStore({ dir: join(dir, 'store') }),
      acceptOldServer: true,
      supportNeedsSecond: options.supportNeedsSecond ?? false,
      tools: options.tools ?? {},
      ...(options.erasureLedger === true
        ? { erasureLedger: directoryErasureLedger({ dir: join(dir, 'erasures') }) }
        : {}),
      ...(options.holdKeysMs === undefined ? {} : { holdKeysMs: options.holdKeysMs }),
    })
    const lines: RequestLine[] = []
    const { config = {}, unreadMs, tell, ...given } = options
    const opened: (() => Promise<unknown>)[] = []
    const door = await openDoor(
      keep,
      { port: 0, rateLimits: { tenantPerMinute: 0, credentialPerMinute: 0, adminPerMinute: 0 }, ...config },
      {
        log: (line) => lines.push(line),
        credentials: { failuresPerMinute: 1_000_000, ...given },
        ...(unreadMs === undefined ? {} : { unreadMs }),
      },
      opened,
      tell,
    )
    const served = new Served(database, keep, door, lines, dir, opened)
    for (const tenant of ['acme', 'globex']) await keep.privileged(operator()).tenants.create(tenant)
    return served
  }

  get url(): string {
    return this.#door.url
  }

  /** What the command line needs to reach the same deployment. */
  get environment(): Record<string, string> {
    return {
      MEMKEEP_DATABASE_URL: addressOf(this.database.app),
      MEMKEEP_UPKEEP_DATABASE_URL: addressOf(this.database.upkeep),
      MEMKEEP_KEYS: this.#dir,
      MEMKEEP_ACCEPT_OLD_SERVER: '1',
    }
  }

  /** A new key; of the tenant as a whole when the subject is null. */
  async key(tenant: string, subject: string | null, roles = ['agent'], rights: Right[] = []): Promise<string> {
    return (await this.createKey(tenant, subject, roles, rights)).key
  }

  /** An agent's key whose principal is nobody else's. */
  async keyOf(tenant: string, subject: string, principal: string): Promise<string> {
    const { keys } = this.keep.privileged(operator())
    return (await keys.create({ tenant, subject, principal: { id: principal, roles: ['agent'] } })).key
  }

  async createTenant(tenant: string): Promise<void> {
    await this.keep.privileged(operator()).tenants.create(tenant)
  }

  createKey(tenant: string, subject: string | null, roles = ['agent'], rights: Right[] = []) {
    const principal = { id: 'a-service', roles, rights }
    return this.keep.privileged(operator()).keys.create({ tenant, subject, principal })
  }

  revoke(tenant: string, id: string): Promise<boolean> {
    return this.keep.privileged(operator()).keys.revoke(tenant, id)
  }

  /** Another server of the same deployment, in this process. */
  async another(
    config: ServerConfig,
    log: RequestLog = () => {},
  ): Promise<{ readonly url: string; close(): Promise<void> }> {
    const opened: (() => Promise<unknown>)[] = []
    const door = await openDoor(this.keep, { port: 0, ...config }, { log }, opened)
    const close = async () => {
      for (const each of opened.reverse()) await each()
    }
    return { url: door.url, close }
  }

  /** One request; its answer has to be one that the OpenAPI document knows. */
  ask(method: string, path: string, asking: Asking = {}): Promise<Answer> {
    return this.askAt(this.url, method, path, asking)
  }

  async askAt(url: string, method: string, path: string, asking: Asking = {}): Promise<Answer> {
    const answer = await ask(url, method, path, asking)
    const type = answer.headers['content-type'] ?? ''
    holdsContract(method, path, answer.status, type, answer.text)
    return answer
  }

  /** Adds one memory and returns its id. */
  async add(key: string, content: string, more: object = {}): Promise<string> {
    const { status, text, body } = await this.ask('POST', '/v1/memories', {
      key,
      body: { content, actor: 'user', ...more },
    })
    if (status !== 201) throw new Error(`${status} ${text}`)
    return body.id
  }

  closeDoor(): Promise<void> {
    return this.#door.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const each of this.#opened.splice(0).reverse()) await each()
    await this.keep.close()
    await this.database.drop()
    rmSync(this.#dir, { recursive: true, force: true, maxRetries: 5 })
  }
}

function addressOf({ user, password, host, port, database }: TestDatabase['app']): string {
  return `postgresql://${user}:${password}@${encodeURIComponent(host!)}:${port}/${database}`
}

function operator(): Grant {
  const principal = { id: 'operator', roles: [] }
  return mintGrant({ principal, rights: ['tenants', 'keys'], reason: 'a test', ttlSeconds: 600 })
}
