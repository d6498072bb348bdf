import { createHash, randomBytes, randomUUID } from 'node:crypto'
import pg from 'pg'
import { freshDatabase, type TestDatabase } from '../../../../test/database.ts'
import { rightBits } from '../../src/core/rights.ts'
import { doorwayFiles, guardFiles } from '../../src/store/schema.ts'
import {
  type Claims,
  hmacPads,
  mintToken,
  type TokenKey,
  tokenWindow,
  tokenWindowBounds,
} from '../../src/store/token.ts'

/** A 16-byte tag that stands for a tenant, a subject or a principal. */
export const tag = (name: string): Buffer => createHash('sha256').update(name).digest().subarray(0, 16)

export const commonShelf = Buffer.alloc(16)
export const own = tag('tenant: the attacker is in this one')
export const foreign = tag('tenant: the attacker is not in this one')
export const subject = tag('subject: the attacker')
export const neighbour = tag('subject: somebody else')
export const allRights = Object.values(rightBits).reduce((mask, bit) => mask | bit, 0)

/** Everything a subject's principal may be given; narrow it by `over`. */
export function claims(over: Partial<Claims> = {}): Claims {
  return {
    tenant: own,
    reach: 'subject',
    shelf: subject,
    tenantEpoch: 1,
    shelfEpoch: 1,
    clearance: 0b111,
    writable: 0b111,
    actors: 0b1111,
    rights: allRights,
    principal: tag('principal'),
    policyVersion: 0,
    ...over,
  }
}

export interface Minting {
  readonly event?: string
  readonly wallClockMs?: number
  readonly key?: TokenKey
}

/** A keep with two tenants, three shelves each, and one memory of each sensitivity on every shelf. */
export class AttackedKeep {
  readonly database: TestDatabase
  readonly key: TokenKey = { id: tokenWindow(Date.now()), key: randomBytes(32) }
  /** The attacker's connection: the application's own login. */
  readonly app: pg.Client
  readonly #clients: pg.Client[]

  private constructor(database: TestDatabase, app: pg.Client) {
    this.database = database
    this.app = app
    this.#clients = [app]
  }

  static async start(): Promise<AttackedKeep> {
    const database = await freshDatabase()
    const app = new pg.Client(database.app)
    await app.connect()
    const keep = new AttackedKeep(database, app)
    await keep.installKey(keep.key)
    for (const tenant of [own, foreign]) {
      const created = keep.token('create_tenant', claims({ tenant }))
      await keep.app.query('select * from memkeep.create_tenant($1, $2, $3, $3)', [
        tenant,
        created,
        Buffer.from('name'),
      ])
      await keep.fill(tenant, 'subject', subject)
      await keep.fill(tenant, 'subject', neighbour)
      await keep.fill(tenant, 'common', commonShelf)
    }
    return keep
  }

  async stop(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.end()))
    await this.database.drop()
  }

  /** One more connection, closed with the keep. */
  async connect(settings: pg.ClientConfig = this.database.app): Promise<pg.Client> {
    const client = new pg.Client(settings)
    await client.connect()
    this.#clients.push(client)
    return client
  }

  token(doorway: string, stated: Claims = claims(), how: Minting = {}): Buffer {
    const call = { doorway, event: how.event ?? randomUUID(), atMs: Date.now() }
    return mintToken(how.key ?? this.key, stated, call, how.wallClockMs ?? Date.now())
  }

  async installKey({ id, key }: TokenKey, bounds = tokenWindowBounds(tokenWindow(Date.now()))): Promise<void> {
    const { ipad, opad } = hmacPads(key)
    await this.database.query('insert into memkeep.token_key values ($1, $2, $3, $4, $5)', [
      id,
      ipad,
      opad,
      bounds.fromMs,
      bounds.untilMs,
    ])
  }

  /** One memory of each sensitivity, through the doorway, as the kernel would. */
  async fill(tenant: Buffer, reach: 'subject' | 'common', shelf: Buffer): Promise<void> {
    const labels = [0, 1, 2]
    const bytes = labels.map((label) => Buffer.from(marker(tenant, shelf, label)))
    const { rows } = await this.app.query(rememberText, [
      tenant,
      this.token('remember', claims({ tenant, reach, shelf })),
      Buffer.from('name'),
      labels.map(() => randomUUID()),
      labels.map(() => 0),
      labels.map(() => 1),
      labels,
      labels.map(() => 'fact'),
      labels.map(() => 1),
      labels.map(() => null),
      labels.map(() => '{}'),
      bytes,
      bytes,
      bytes,
      tag('request'),
      tag('digest'),
      Buffer.from('receipt'),
      Date.now() + 3_600_000,
      Buffer.from('detail'),
    ])
    if (rows[0]?.outcome !== 'ok') throw new Error(`planting a memory ended with ${rows[0]?.outcome}`)
  }

  /** Replaces a guard or a doorway by one in which exactly `wall` stands no more. */
  async tearDown(name: string, wall: string | RegExp, hole: string): Promise<void> {
    const files = [...guardFiles(), ...doorwayFiles()]
    const file = files.find((candidate) => candidate.text.includes(`function memkeep.${name}(`))
    const torn = file?.text.replace(wall, hole)
    if (torn === undefined || torn === file?.text) throw new Error(`no such wall in ${name}`)
    await this.database.query(torn)
  }

  /** Row security off on every table: what the doorways' owners could do without the row wall. */
  async tearDownRowWall(): Promise<void> {
    for (const table of tenantTables) {
      await this.database.query(`alter table memkeep.${table} disable row level security`)
    }
  }
}

export const tenantTables = [
  'tenant',
  'shelf',
  'memory',
  'memory_version',
  'removal',
  'request',
  'event',
  'pending',
] as const

export const rememberText = `select * from memkeep.remember($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14,
  $15, $16, $17, $18, $19)`

/** What stands in a planted memory's sealed columns; an attack succeeded when it brings one that it may not have. */
export function marker(tenant: Buffer, shelf: Buffer, sensitivity: number): string {
  const whose = tenant.equals(own) ? 'own' : 'foreign'
  const where = shelf.equals(subject) ? 'subject' : shelf.equals(neighbour) ? 'neighbour' : 'common'
  return `${whose}/${where}/${sensitivity}`
}

/** Has every plan made parallel where one can be, for the transaction or the session. PostgreSQL 16 gave the setting another name. */
export const forceParallel = (local: boolean): string =>
  `select set_config(name, 'on', ${local}) from pg_settings where name in ('debug_parallel_query', 'force_parallel_mode')`

/** SQLSTATE that the query was refused with, or its first column. */
export async function attempt(client: pg.Client, text: string, values: unknown[] = []): Promise<string | string[]> {
  try {
    const answer: unknown = await client.query({ text, values, rowMode: 'array' })
    const results = (Array.isArray(answer) ? answer : [answer]) as pg.QueryArrayResult<unknown[]>[]
    return results.flatMap((result) => result.rows.map((row) => String(row[0]))).sort()
  } catch (error) {
    const code = (error as { code?: string }).code
    if (code === undefined) throw error
    return code
  }
}
