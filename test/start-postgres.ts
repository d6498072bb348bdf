import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { install } from '../packages/memkeep/src/store/install.ts'
import { loginPasswords, once, pgSettings } from './database.ts'
import { testEngine } from './test-engine.ts'

/** Where tests find an administrator of a PostgreSQL: MEMKEEP_TEST_DATABASE_URL when it is set, one of our own else. */
export default async function startPostgres(project: TestProject): Promise<() => Promise<void>> {
  const url = process.env.MEMKEEP_TEST_DATABASE_URL
  if (url !== undefined) {
    const installed = await provide(project, url)
    return () => once(pgSettings(url), `drop database ${installed}`)
  }
  const dir = await mkdtemp(join(tmpdir(), 'mk-test-'))
  const engine = await testEngine({ dir }).start()
  const { host, port, user, password, database } = engine.admin
  await provide(
    project,
    `postgres://${user}:${encodeURIComponent(password)}@${encodeURIComponent(host)}:${port}/${database}`,
  )
  return async () => {
    await engine.release()
    await rm(dir, { recursive: true, force: true, maxRetries: 50, retryDelay: 200 })
  }
}

/** Installs the database that others are copies of: its name. */
async function provide(project: TestProject, address: string): Promise<string> {
  const server = pgSettings(address)
  const name = `mk_installed_${randomBytes(6).toString('hex')}`
  await once(server, `create database ${name}`)
  await install({ ...server, database: name }, loginPasswords)
  project.provide('adminDatabase', address)
  project.provide('installedDatabase', name)
  return name
}

declare module 'vitest' {
  export interface ProvidedContext {
    /** URL of a superuser on the server under test. */
    adminDatabase: string
    /** A database there with the schema installed, to which nobody connects. */
    installedDatabase: string
  }
}
