import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { testEngine } from './test-engine.ts'

/** Where tests find an administrator of a PostgreSQL: MEMKEEP_TEST_DATABASE_URL when it is set, one of our own else. */
export default async function startPostgres(project: TestProject): Promise<() => Promise<void>> {
  const url = process.env.MEMKEEP_TEST_DATABASE_URL
  if (url !== undefined) {
    project.provide('adminDatabase', url)
    return async () => {}
  }
  const dir = await mkdtemp(join(tmpdir(), 'mk-test-'))
  const engine = await testEngine({ dir }).start()
  const { host, port, user, password, database } = engine.admin
  const address = `postgres://${user}:${encodeURIComponent(password)}@${encodeURIComponent(host)}:${port}/${database}`
  project.provide('adminDatabase', address)
  return async () => {
    await engine.release()
    await rm(dir, { recursive: true, force: true, maxRetries: 50, retryDelay: 200 })
  }
}

declare module 'vitest' {
  export interface ProvidedContext {
    /** URL of a superuser on the server under test. */
    adminDatabase: string
  }
}
