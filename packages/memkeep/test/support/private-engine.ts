import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { loginPasswords, type TestDatabase } from '../../../../test/database.ts'
import { testEngine } from '../../../../test/test-engine.ts'
import type { DatabaseEngine } from '../../src/index.ts'
import { install } from '../../src/store/install.ts'
import { fastDirectory } from './fast-directory.ts'

/** A server of a test's own. */
export interface PrivateEngine {
  /** Of everything that the engine keeps: data, WAL, log. */
  readonly dir: string
  readonly engine: DatabaseEngine
  /** Another database on it, with the schema. */
  database(name: string): Promise<TestDatabase>
  stop(): Promise<void>
}

export async function privateEngine(): Promise<PrivateEngine> {
  const dir = mkdtempSync(join(fastDirectory, 'mk-engine-'))
  const engine = testEngine({ dir, idleSeconds: 1 })
  const running = await engine.start()
  return {
    dir,
    engine,
    database: (name) => databaseOn(running.admin, name),
    async stop() {
      await running.release()
      rmSync(dir, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 })
    },
  }
}

async function databaseOn(server: pg.ClientConfig, name: string): Promise<TestDatabase> {
  const client = new pg.Client({ ...server })
  await client.connect()
  await client.query(`create database ${name}`)
  await client.end()
  const admin = { ...server, database: name }
  await install(admin, loginPasswords)
  const pool = new pg.Pool({ ...admin, max: 1 })
  // The tests end servers under their connections.
  pool.on('error', () => {})
  return {
    name,
    admin,
    app: { ...admin, user: 'memkeep_app', password: loginPasswords.app },
    upkeep: { ...admin, user: 'memkeep_upkeep', password: loginPasswords.upkeep },
    async query<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []) {
      return (await pool.query<Row>(text, values)).rows
    },
    drop: () => pool.end(),
  }
}
