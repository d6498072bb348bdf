import { Client } from 'pg'
import type { Layout } from './layout.ts'
import { lockDatabase, loginSettings } from './logins.ts'
import type { Secrets } from './secrets.ts'
import { readPostmaster } from './server-processes.ts'
import { findSocketDirectory } from './socket-directory.ts'

/**
 * Connects as the superuser to the database of the bookkeeping locks.
 * @returns null while no server takes connections
 */
export async function connectToServer(layout: Layout, secrets: Secrets): Promise<Client | null> {
  const host = findSocketDirectory(layout)
  if (!host || !readPostmaster(layout)?.ready) return null
  const login = loginSettings('admin', host, secrets, lockDatabase)
  const client = new Client({ ...login, application_name: 'memkeep engine', connectionTimeoutMillis: 5000 })
  // Losing the server is learnt from 'end' and from failing queries; without a listener it would end the process.
  client.on('error', () => {})
  try {
    await client.connect()
    return client
  } catch {
    await client.end().catch(() => {})
    return null
  }
}
