import pg from 'pg'

/** Work on one connection that is closed afterwards. Rejects with the driver's error when there is none to be had. */
export async function withConnection<T>(
  settings: pg.ClientConfig,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionTimeoutMillis: 10_000, ...settings })
  // A connection lost between two statements fails the next one; without a listener it would end the process.
  client.on('error', () => {})
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
