import type { LoginSettings } from 'memkeep'
import { Client } from 'pg'

/** Runs one statement on a connection of its own. */
export async function query(login: LoginSettings, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ ...login })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}
