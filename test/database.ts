import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'
import { install } from '../packages/memkeep/src/store/install.ts'
import { schemaVersion } from '../packages/memkeep/src/store/schema.ts'

/** Passwords of the two logins on the server under test; roles belong to the cluster, so every test file shares them. */
export const loginPasswords = { app: 'memkeep-test-app', upkeep: 'memkeep-test-upkeep' } as const

export interface TestDatabase {
  readonly name: string
  readonly admin: pg.ClientConfig
  readonly app: pg.ClientConfig
  readonly upkeep: pg.ClientConfig
  /** One statement as the superuser. */
  query<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>
  drop(): Promise<void>
}

/**
 * A database of its own with the schema installed, on the real server that the run brought: a copy of one that the run installed
 * once, where the installer then gives what no copy brings, the rights on the database itself.
 */
export async function freshDatabase(options: { readonly installed?: boolean } = {}): Promise<TestDatabase> {
  const server = pgSettings(inject('adminDatabase'))
  const name = `mk_${randomBytes(6).toString('hex')}`
  const installed = options.installed ?? true
  await once(server, `create database ${name}${installed ? ` template ${inject('installedDatabase')}` : ''}`)
  const admin = { ...server, database: name }
  if (installed) await install(admin, loginPasswords)
  const pool = new pg.Pool({ ...admin, max: 2 })
  // Dropping the database ends what is idle in it.
  pool.on('error', () => {})
  return {
    name,
    admin,
    app: { ...admin, user: 'memkeep_app', password: loginPasswords.app },
    upkeep: { ...admin, user: 'memkeep_upkeep', password: loginPasswords.upkeep },
    async query<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []) {
      return (await pool.query<Row>(text, values)).rows
    },
    async drop() {
      await pool.end()
      await once(server, `drop database ${name} with (force)`)
    },
  }
}

/**
 * For a test that takes a wall away: has the database say that another build made it, as its owner can. Whoever opens it
 * then does not compare what it is made of, and does not refuse it for that.
 */
export async function sayOtherBuild(database: Pick<TestDatabase, 'query'>): Promise<void> {
  await database.query(`comment on schema memkeep is 'memkeep schema ${schemaVersion} doorways ${'0'.repeat(32)}'`)
}

/** Of the address of a superuser. */
export function pgSettings(address: string): pg.ClientConfig {
  const url = new URL(address)
  return {
    host: decodeURIComponent(url.hostname),
    port: Number(url.port),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: url.pathname.slice(1),
  }
}

/** One statement on a connection of its own. */
export async function once(settings: pg.ClientConfig, text: string): Promise<void> {
  const client = new pg.Client(settings)
  await client.connect()
  try {
    await client.query(text)
  } finally {
    await client.end()
  }
}
