import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { loginPasswords } from '../../../../test/database.ts'
import { testEngine } from '../../../../test/test-engine.ts'
import { install } from '../../src/store/install.ts'

/** One database of a private server. */
export interface PrivateDatabase {
  readonly admin: pg.ClientConfig
  readonly app: pg.ClientConfig
  readonly upkeep: pg.ClientConfig
}

/** A server that no other test file sees: here a test may alter roles. */
export interface PrivateServer {
  readonly admin: pg.ClientConfig
  /** A new database, with the schema unless told otherwise. */
  database(options?: { readonly name?: string; readonly installed?: boolean }): Promise<PrivateDatabase>
  stop(): Promise<void>
}

/** Starts one, or takes the one of MEMKEEP_TEST_PRIVATE_URL (which must then belong to this one test file alone). */
export async function privateServer(): Promise<PrivateServer> {
  const url = process.env.MEMKEEP_TEST_PRIVATE_URL
  if (url !== undefined) return serverOf(new pg.Client(url), async () => {})
  const dir = await mkdtemp(join(tmpdir(), 'mk-own-'))
  const engine = await testEngine({ dir }).start()
  return serverOf(engine.admin, async () => {
    await engine.release()
    await rm(dir, { recursive: true, force: true, maxRetries: 50, retryDelay: 200 })
  })
}

function serverOf(settings: pg.ClientConfig, stop: () => Promise<void>): PrivateServer {
  const { host, port, user, password, database } = settings as Required<pg.ClientConfig>
  const admin = { host, port, user, password, database }
  const databases: string[] = []
  return {
    admin,
    async stop() {
      for (const name of databases) await run(admin, `drop database ${name} with (force)`)
      await stop()
    },
    async database({ name = `mk_${randomBytes(6).toString('hex')}`, installed = true } = {}) {
      await run(admin, `create database ${name}`)
      databases.push(name)
      const here = { ...admin, database: name }
      if (installed) await install(here, loginPasswords)
      return {
        admin: here,
        app: { ...here, user: 'memkeep_app', password: loginPasswords.app },
        upkeep: { ...here, user: 'memkeep_upkeep', password: loginPasswords.upkeep },
      }
    },
  }
}

/** Statements, one by one, on a connection of their own. Returns the rows of the last. */
export async function run<Row extends pg.QueryResultRow>(
  settings: pg.ClientConfig,
  ...statements: string[]
): Promise<Row[]> {
  return withClient(settings, async (client) => {
    let rows: Row[] = []
    for (const statement of statements) rows = (await client.query<Row>(statement)).rows
    return rows
  })
}

export async function withClient<T>(settings: pg.ClientConfig, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(settings)
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
