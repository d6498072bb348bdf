import { afterAll, beforeAll, expect, test } from 'vitest'
import pg from 'pg'
import { openPool } from '../../src/store/connect.ts'
import { inspectLogin } from '../../src/store/inspect.ts'
import { freshDatabase, type TestDatabase } from '../../../../test/database.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database.drop())

test('x', async () => {
  const pool = openPool(database.app, 'memkeep_app', { embedded: true, onInspected: (f) => console.log(f) })
  expect((await pool.query('select 7::bigint as n')).rows).toEqual([{ n: 7 }])
  const client = new pg.Client(database.app)
  await client.connect()
  for (let i = 0; i < 5; i++) {
    const t = performance.now()
    await inspectLogin(client, 'memkeep_app', { embedded: false, tls: 'loopback' })
    console.log(performance.now() - t)
  }
  console.log(await inspectLogin(client, 'memkeep_upkeep', { embedded: false, tls: 'none' }))
  await client.end()
  await pool.end()
})
